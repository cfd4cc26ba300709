// Events as a list, each with its picture and a way to its clip where there are any.

import { keep, make, say, set } from "./dom.js";
import { time } from "./format.js";
import { fileOf, place, thumbnail, when, words } from "./happenings.js";
import { play } from "./player.js";
import { events, on } from "./store.js";

/** How many are in a zone is told with each change, and is left out where there is little room. */
const COUNTS = ["zone.occupancy", "zone.presence"];
const SHOWN = ["event", "health", "pipeline", "options", "fault", "recovered"];

export const isNoCount = event => !COUNTS.includes(event.kind);

/** `wants` says whether an event is shown; `refresh` makes the list anew. */
export function eventList(signal, { most, wants = () => true, label = "Events" }) {
  const list = make("ul", { class: "events", "aria-label": label });
  const empty = make("p", { class: "empty" }, "Nothing has happened yet.");
  function refresh() {
    const shown = events.filter(event => SHOWN.includes(event.event) && wants(event)).slice(0, most);
    keep(list, shown, event => event.number, entry, updateEntry);
    empty.hidden = shown.length > 0;
  }
  for (const topic of ["events", "files"]) on(topic, refresh, signal);
  refresh();
  return { element: make("div", {}, list, empty), refresh };
}

function entry() {
  return make("li", { class: "event" }, make("span", { class: "thumbnail" }),
    make("span", { class: "what" }, make("span"), make("small")), make("time"));
}

function updateEntry(item, event) {
  const [picture, what, at] = item.children;
  say(what.firstElementChild, words(event));
  say(what.lastElementChild, place(event));
  say(at, time(when(event)));
  set(at, "datetime", when(event));
  const file = fileOf(event);
  // A clip takes the place of the recording that was there before it.
  if (!file || item.dataset.file === String(file.id)) return;
  item.dataset.file = file.id;
  picture.replaceWith(make("button", { type: "button", class: file.kind === "picture" ? "thumbnail" : "thumbnail film",
    "aria-label": `Show ${words(event)}`, onclick: () => play(file, event.captured_at) },
  thumbnail(file) && make("img", { src: thumbnail(file), alt: "", loading: "lazy" })));
}
