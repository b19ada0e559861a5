import {Problem, say} from "./backend.js";
import {keep, recall} from "./memory.js";

const [messages, welcome, spoken, problem, composer, text, sendButton, stopButton, restart] =
  ["messages", "welcome", "spoken", "problem", "composer", "text", "send", "stop", "restart"].map((id) => document.getElementById(id));

let memory = recall(); // {session, messages: [{who, text, note, open}]}
let answering = null; // the AbortController of the current answer

// show renders a message and returns a function that renders it again. Text is only assigned
// to textContent, so it cannot become markup.
function show(message) {
  const [row, speaker, words, note] = ["div", "span", "p", "small"].map((tag) => document.createElement(tag));
  row.className = `message ${message.who}`;
  speaker.className = "unseen";
  speaker.textContent = message.who === "you" ? "You:" : "Guide:";
  row.append(speaker, words, note);
  const draw = () => {
    const following = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 40;
    words.textContent = message.text;
    note.textContent = message.note;
    row.classList.toggle("waiting", message.who === "guide" && !message.text && !message.note);
    if (!row.isConnected) messages.append(row);
    if (following) messages.scrollTop = messages.scrollHeight;
  };
  draw();
  return draw;
}

function add(who, text, open) {
  const message = {who, text, note: "", open};
  memory.messages.push(message);
  const draw = show(message);
  const change = (now) => {
    Object.assign(message, now);
    draw();
  };
  return {message, change};
}

function setAnswering(controller) {
  const hadFocus = document.activeElement === stopButton;
  answering = controller;
  sendButton.hidden = Boolean(controller);
  stopButton.hidden = !controller;
  restart.disabled = Boolean(controller);
  if (hadFocus) text.focus(); // the button is hidden
}

async function ask(words) {
  problem.textContent = "";
  spoken.textContent = "The guide is answering.";
  const question = add("you", words, false);
  const answer = add("guide", "", true);
  keep(memory);
  const controller = new AbortController();
  setAnswering(controller);
  try {
    const onNewSession = () => question.change({note: "A new conversation begins here: the guide does not know the messages above."});
    for await (const piece of say(words, memory, controller.signal, onNewSession)) {
      answer.change({text: answer.message.text + piece});
    }
    spoken.textContent = answer.message.text;
    if (!answer.message.text) answer.change({note: "No answer."});
  } catch (error) {
    spoken.textContent = answer.message.text;
    if (controller.signal.aborted) {
      answer.change({note: "Stopped."});
    } else {
      answer.change({note: answer.message.text ? "Interrupted." : "No answer."});
      problem.textContent = error instanceof Problem ? error.message : "Something went wrong in this page. Try again.";
      if (!answer.message.text && !text.value) text.value = words; // to retry
    }
  } finally {
    answer.message.open = false;
    setAnswering(null);
    keep(memory);
  }
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const words = text.value.trim();
  if (!words || answering) return;
  text.value = "";
  text.focus();
  ask(words);
});

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") answering?.abort();
});
stopButton.addEventListener("click", () => answering?.abort());

restart.addEventListener("click", () => {
  memory = {session: "", messages: []};
  keep(memory);
  messages.replaceChildren(welcome);
  problem.textContent = "";
  spoken.textContent = "A new conversation begins.";
  text.focus();
});

// If the page is closed during an answer, keep the partial answer.
addEventListener("pagehide", () => {
  if (answering) keep(memory);
});

for (const message of memory.messages) {
  if (message.open) Object.assign(message, {note: "Interrupted.", open: false});
  show(message);
}
