// All cameras side by side, and beside them what happens.

import { keep, make, say, set } from "./dom.js";
import { eventList, isNoCount } from "./eventlist.js";
import { count, grade, milliseconds, rate, watts } from "./format.js";
import { show } from "./pictures.js";
import { on, pipelines, slowest, streams } from "./store.js";

const EVENTS_SHOWN = 40;

export function camerasView(signal) {
  const summary = make("p", { class: "muted number" });
  const tiles = make("ul", { class: "tiles", "aria-label": "Cameras" });
  const empty = make("p", { class: "empty" }, "No pipeline has a stream now.");
  const list = eventList(signal, { most: EVENTS_SHOWN, wants: isNoCount });
  const element = make("div", { class: "split" },
    make("section", { "aria-labelledby": "cameras-title" },
      make("div", { class: "head" }, make("h1", { id: "cameras-title" }, "Cameras"), summary), tiles, empty),
    make("aside", { class: "panel", "aria-labelledby": "latest-title" },
      make("div", { class: "title" }, make("h2", { id: "latest-title" }, "Latest events")), list.element));

  function update() {
    const all = streams();
    tiles.classList.toggle("few", all.length <= 4);
    keep(tiles, all, ({ pipeline, id }) => `${pipeline}/${id}`, stream => tile(stream, signal), updateTile);
    empty.hidden = all.length > 0;
    const running = [...pipelines.values()].filter(pipeline => pipeline.state === "running");
    const sum = key => running.reduce((total, pipeline) => total + (pipeline[key] ?? 0), 0);
    const power = Math.max(0, ...running.map(pipeline => pipeline.power_w ?? 0));
    say(summary, [`${count(all.length)} streams`, `${rate(sum("fps"))} frames/s`,
      `${milliseconds(slowest(all))} p95`, power ? watts(power) : ""].filter(Boolean).join(" · "));
  }
  on("pipelines", update, signal);
  update();
  return { element, title: "Cameras" };
}

function tile({ pipeline, id }, signal) {
  const image = make("img", { alt: "" });
  const link = make("a", { class: "tile", href: `#/camera/${encodeURIComponent(pipeline)}/${encodeURIComponent(id)}` },
    make("div", { class: "frame" }, image, make("span", { class: "away" }, "no picture")),
    make("div", { class: "caption" }, make("span", { class: "dot" }), make("span", { class: "name" }, id),
      make("span", { class: "spoken" }), make("span", { class: "number" })));
  show(image, pipeline, id, { signal });
  return make("li", {}, link);
}

function updateTile(item, { pipeline, id, state, fps, latency_p95_ms: late, running }) {
  const [, caption] = item.firstElementChild.children, [, , spoken, figures] = caption.children;
  const word = running ? state : "not running";
  set(caption, "data-state", grade(word));
  say(spoken, `${id === pipeline ? "" : `of ${pipeline}, `}${word}`);
  say(figures, running ? `${rate(fps)} fps · ${milliseconds(late)}` : word);
}
