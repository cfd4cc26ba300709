// What runs have written: pictures, clips and recordings.

import { keep, make, set } from "./dom.js";
import { pipelineChoice } from "./events.js";
import { duration, time } from "./format.js";
import { thumbnail } from "./happenings.js";
import { play } from "./player.js";
import { files, on } from "./store.js";

const KINDS = [["", "All kinds"], ["clip", "Clips"], ["recording", "Recordings"], ["picture", "Pictures"]];
const MOST = 120;

export function recordingsView(signal) {
  const kind = make("select", { onchange: update, "aria-label": "Kind" },
    KINDS.map(([value, text]) => make("option", { value }, text)));
  const pipeline = pipelineChoice(signal, update);
  const list = make("ul", { class: "tiles", "aria-label": "Recordings" });
  const empty = make("p", { class: "empty" },
    "Nothing has been written: sink.clip, sink.record and sink.snapshot write films and pictures.");
  function update() {
    const shown = files.filter(file => (!kind.value || file.kind === kind.value)
      && (!pipeline.value || file.pipeline === pipeline.value)).slice(0, MOST);
    keep(list, shown, file => `${file.pipeline}/${file.id}`, card);
    empty.hidden = shown.length > 0;
  }
  on("files", update, signal);
  update();
  const element = make("section", { "aria-labelledby": "recordings-title" },
    make("div", { class: "head" }, make("h1", { id: "recordings-title" }, "Recordings"), make("span", { class: "spacer" }),
      pipeline, kind), list, empty);
  return { element, title: "Recordings" };
}

function card(file) {
  const length = duration(file.facts?.duration_s), image = make("img", { alt: "", loading: "lazy" });
  if (thumbnail(file)) set(image, "src", thumbnail(file));
  return make("li", {}, make("button", { type: "button", class: "file", onclick: () => play(file) },
    make("span", { class: thumbnail(file) ? "frame live" : "frame" }, image, make("span", { class: "away" }, file.kind),
      length && make("span", { class: "length number" }, length)),
    make("span", { class: "caption" }, make("span", { class: "name" }, file.stream),
      make("span", { class: "spoken" }, `, ${file.kind}, `), make("span", { class: "number" }, time(file.begin)))));
}
