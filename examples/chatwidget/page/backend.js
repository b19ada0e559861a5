// The page's side of chathttp.Handler: sends a message and yields the answer.

// Problem is an error whose message is fit for the visitor.
export class Problem extends Error {}

const unreachable = "The chat cannot be reached at the moment. Check your connection and try again.";
const interrupted = "The answer was interrupted. You can ask again.";

// say sends a message and yields the pieces of the answer's text. It keeps the
// token that proves the session in memory.session, and calls begunAnew when that
// session has ended and a new one begins. It throws a Problem if the answer is
// not complete, and an AbortError once the signal is aborted.
export async function* say(message, memory, signal, begunAnew) {
  const response = await send(message, memory, signal, begunAnew);
  for await (const event of events(response.body, signal)) {
    if (event.type === "session") memory.session = event.token;
    if (event.type === "text") yield event.content;
    if (event.type === "error") throw new Problem(event.error.message);
    if (event.type === "done") return;
  }
  throw new Problem(interrupted);
}

async function send(message, memory, signal, begunAnew) {
  for (let again = false; ; again = true) {
    const response = await reach("chat", {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify({message, session: memory.session}),
      signal,
    });
    if (response.ok) return response;
    const {error, session} = await response.json().catch(() => ({})); // a proxy's page, say
    if (session) memory.session = session;
    const stranger = error?.code === "unauthorized";
    if (again || !(stranger || error?.code === "session_refused")) throw new Problem(error?.message ?? unreachable);
    if (stranger) await reach("./", {signal}); // which gives out a cookie
    if (memory.session) begunAnew();
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
        if (block.startsWith("data: ")) yield JSON.parse(block.slice("data: ".length)); // others are heartbeats
      }
    }
  } catch (error) {
    throw signal.aborted ? error : new Problem(interrupted);
  } finally {
    reader.cancel().catch(() => {}); // it may have failed already
  }
}
