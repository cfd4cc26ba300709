// Shows a picture, or plays a clip or a recording.

import { paths } from "./api.js";
import { make } from "./dom.js";
import { duration, time } from "./format.js";
import { words } from "./happenings.js";

const BEFORE_S = 3;
const dialog = document.getElementById("player");
// A film that nobody sees is not loaded any further.
dialog.addEventListener("close", () => dialog.replaceChildren());
dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });

/** `at` is the time of an event: a recording begins shortly before it. */
export function play(file, at = null) {
  const address = paths.file(file), title = `${file.stream}, ${time(file.begin)}`;
  const told = (file.facts?.events ?? []).map(event => make("li", {},
    `${time(event.captured_at)} ${words({ ...event, event: "event" })}`));
  dialog.replaceChildren(
    make("div", { class: "title" },
      make("h2", { id: "player-title" }, title), make("span", { class: "muted number" }, duration(file.facts?.duration_s)),
      make("a", { class: "button", href: address, download: `${file.stream}-${file.begin}`.replace(/[^\w.-]+/g, "_") }, "Save"),
      make("button", { type: "button", onclick: () => dialog.close() }, "Close")),
    file.kind === "picture"
      ? make("img", { class: "shown", src: address, alt: `${file.stream}: ${file.facts?.label ?? "a picture"}` })
      : film(address, title, file, at),
    told.length ? make("ul", { class: "told" }, told) : "");
  if (!dialog.open) dialog.showModal();
}

function film(address, title, file, at) {
  const video = make("video", { src: address, controls: true, playsinline: true, "aria-label": title });
  video.muted = true;
  video.addEventListener("error", () => video.replaceWith(make("p", { class: "empty", role: "alert" },
    `This browser does not play ${file.facts?.codec ?? "the film"}; save it instead.`)));
  if (at && file.kind === "recording") {
    video.addEventListener("loadedmetadata", () => {
      video.currentTime = Math.max(0, (Date.parse(at) - Date.parse(file.begin)) / 1000 - BEFORE_S);
    });
  }
  video.play().catch(() => {});
  return video;
}
