// The one event stream of the page: events as they happen, and figures each second.

import { ask, signedOut } from "./api.js";
import { clear, take, takeFile } from "./store.js";
import { say, set } from "./dom.js";

const KINDS = ["figures", "pipeline", "health", "event", "options", "file", "fault", "recovered"];
const RECENT = 200;
let source = null;

export async function connect() {
  disconnect();
  clear();
  source = new EventSource(`v1/events?figures=true&recent=${RECENT}`);
  for (const kind of KINDS) source.addEventListener(kind, message => take(JSON.parse(message.data)));
  source.onopen = () => show("good", "live");
  source.onerror = lost;
  try {
    const { files } = await ask("v1/files?max=500");
    files.forEach(takeFile);
  } catch { /* The list stays empty; what is new comes with the events. */ }
}

export function disconnect() {
  source?.close();
  source = null;
  show("off", "offline");
}

/** The browser tries again by itself, but for a refusal, such as after a sign-out. */
async function lost() {
  show("warn", "reconnecting");
  if (source?.readyState !== EventSource.CLOSED) return;
  source = null;
  try {
    await ask("v1/session");
    setTimeout(connect, 2000);
  } catch (refusal) {
    if (refusal.status === 401) signedOut();
    else setTimeout(connect, 2000);
  }
}

function show(state, text) {
  const connection = document.getElementById("connection");
  set(connection, "data-state", state);
  say(connection.lastElementChild, text);
}
