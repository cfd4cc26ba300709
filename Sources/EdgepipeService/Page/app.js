// Starts the page: signs in, connects, and shows the view that the address names.

import { onSignedOut } from "./api.js";
import { camerasView } from "./cameras.js";
import { cameraView } from "./camera.js";
import { make, notice, say, set } from "./dom.js";
import { eventsView } from "./events.js";
import { connect, disconnect } from "./live.js";
import { pipelinesView } from "./pipelines.js";
import { stop as stopPictures } from "./pictures.js";
import { recordingsView } from "./recordings.js";
import { recall, session, signInView, signOut } from "./session.js";

const VIEWS = {
  "": camerasView, camera: cameraView, pipelines: pipelinesView, events: eventsView, recordings: recordingsView,
};
const main = document.getElementById("main");
let leave = new AbortController();

/** A view is made with a signal that ends with it. */
function show(view, parameters = []) {
  leave.abort();
  leave = new AbortController();
  const { element, title } = view(leave.signal, ...parameters);
  main.replaceChildren(element);
  document.title = title ? `${title} – edgepipe` : "edgepipe";
}

function route({ isFirst = false } = {}) {
  if (!session.role) return;
  const [name, ...parameters] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  show(VIEWS[name] ?? camerasView, parameters);
  const own = name === "camera" ? "" : name;
  for (const link of document.querySelectorAll("#views a")) {
    set(link, "aria-current", link.getAttribute("href") === `#/${own}` ? "page" : null);
  }
  // Somebody who hears the page begins at the new view.
  if (!isFirst) main.focus({ preventScroll: true });
}

function enter() {
  say(document.getElementById("role"), session.role);
  document.getElementById("account").hidden = document.getElementById("views").hidden = false;
  connect();
  route({ isFirst: true });
}

function signIn() {
  session.role = null;
  disconnect();
  stopPictures();
  document.getElementById("account").hidden = document.getElementById("views").hidden = true;
  const form = signInView(enter);
  show(() => form);
  form.focus();
}

onSignedOut(() => { if (session.role) signIn(); });
window.addEventListener("hashchange", () => route());
// The address names the view, and stays.
document.querySelector(".skip").addEventListener("click", event => {
  event.preventDefault();
  main.focus();
});
document.getElementById("sign-out").addEventListener("click", async () => {
  await signOut();
  // Where the service has no tokens, everybody is signed in again at once.
  if (!await recall()) signIn();
});

try {
  if (await recall()) enter();
  else signIn();
} catch (refusal) {
  main.replaceChildren(make("p", { class: "empty" }, refusal.message));
  notice(refusal.message, "bad");
}
