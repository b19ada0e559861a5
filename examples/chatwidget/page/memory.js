// Stores what survives a reload, as long as the tab is open.

const name = "chat";
const most = 200; // messages

const empty = () => ({session: "", messages: []});

export function recall() {
  try {
    return {...empty(), ...JSON.parse(sessionStorage.getItem(name))};
  } catch {
    return empty(); // storage is disabled or has other content
  }
}

export function keep(memory) {
  memory.messages.splice(0, memory.messages.length - most);
  try {
    sessionStorage.setItem(name, JSON.stringify(memory));
  } catch {
    // Storage is disabled or full: the conversation is lost on a reload.
  }
}
