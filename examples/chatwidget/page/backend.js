// The client of chathttp.Handler: it sends a message and yields the answer.

// Problem is an error whose message can be shown to the visitor.
export class Problem extends Error {}

const unreachable = "The chat cannot be reached at the moment. Check your connection and try again.";
const interrupted = "The answer was interrupted. You can ask again.";

// say sends a message and yields the pieces of the answer's text. It stores the session
// token in memory.session. If the session has ended, it calls onNewSession and starts a new
// one. It throws a Problem if the answer is incomplete, and an AbortError if the signal is
// aborted.
export async function* say(message, memory, signal, onNewSession) {
  const response = await send(message, memory, signal, onNewSession);
  for await (const event of events(response.body, signal)) {
    if (event.type === "session") memory.session = event.token;
    if (event.type === "text") yield event.content;
    if (event.type === "error") throw new Problem(event.error.message);
    if (event.type === "done") return;
  }
  throw new Problem(interrupted);
}

async function send(message, memory, signal, onNewSession) {
  for (let again = false; ; again = true) {
    const response = await reach("chat", {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify({message, session: memory.session}),
      signal,
    });
    if (response.ok) return response;
    const {error, session} = await response.json().catch(() => ({})); // for example a proxy's page
    if (session) memory.session = session;
    const unknownVisitor = error?.code === "unauthorized";
    if (again || !(unknownVisitor || error?.code === "session_refused")) throw new Problem(error?.message ?? unreachable);
    if (unknownVisitor) await reach("./", {signal}); // the page sets a cookie
    if (memory.session) onNewSession();
    memory.session = "";
  }
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    throw options.signal.aborted ? error : new Problem(unreachable);
  }
}

async function* events(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let rest = ""; ; ) {
      const {value, done} = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        if (block.startsWith("data: ")) yield JSON.parse(block.slice("data: ".length)); // other blocks are heartbeats
      }
    }
  } catch (error) {
    throw signal.aborted ? error : new Problem(interrupted);
  } finally {
    reader.cancel().catch(() => {}); // the stream may have failed
  }
}
