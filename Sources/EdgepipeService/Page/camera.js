// One camera, large: its picture with zones and lines to edit, its health, its thresholds, and what happens in it.

import { ask, paths } from "./api.js";
import { make, say, set } from "./dom.js";
import { eventList, isNoCount } from "./eventlist.js";
import { figures, updateFigures } from "./figures.js";
import { count, grade, milliseconds, rate } from "./format.js";
import { optionsForm } from "./options.js";
import { annotate, show } from "./pictures.js";
import { shapesPanel } from "./shapes.js";
import { on, pipelines, streams } from "./store.js";

const THRESHOLDS = ["score", "iou", "classes", "interval", "enabled", "maxDetections"];

export function cameraView(signal, pipeline, stream) {
  const image = make("img", { alt: `Picture of ${stream}` });
  const frame = make("div", { class: "frame" }, image, make("span", { class: "away" }, "no picture"));
  const picture = make("div", { class: "stage-picture" }, frame);
  const state = make("span", { class: "badge" }, make("span", { class: "dot" }), make("span"));
  const problem = make("p", { class: "muted" }), row = figures(), thresholds = make("div", { class: "panels" });
  const list = eventList(signal, { most: 60, wants: event => event.pipeline === pipeline && event.stream === stream && isNoCount(event) });
  const shapes = shapesPanel({ pipeline, stream, frame, signal, onEdit: isEdited => annotate(image, !isEdited) });
  show(image, pipeline, stream, { signal, onPicture: size => {
    frame.style.aspectRatio = `${size.width} / ${size.height}`;
    shapes.resize(size);
  } });

  let run = null;
  async function load(status) {
    if (status?.state !== "running" || status.pid === run) return;
    run = status.pid;
    try {
      const { stages } = await ask(paths.pipeline(pipeline, "/graph"), { signal });
      shapes.load(stages);
      thresholds.replaceChildren(...stages.flatMap(stage => {
        const form = stage.type.startsWith("detect.") && optionsForm(pipeline, stage, THRESHOLDS);
        return form ? make("section", { class: "panel" }, make("div", { class: "title" }, make("h2", {}, stage.id),
          make("span", { class: "muted" }, stage.type)), form) : [];
      }));
    } catch { run = null; }
  }
  on("options", message => { if (message.pipeline === pipeline) shapes.reload(); }, signal);

  function update() {
    const status = pipelines.get(pipeline), own = streams().find(other => other.pipeline === pipeline && other.id === stream);
    const word = !own ? "not there" : own.running ? own.state : status.state;
    set(state, "data-state", grade(word));
    say(state.lastElementChild, word);
    updateFigures(row, [
      { name: "Frames/s", value: rate(own?.fps) }, { name: "Latency p95", value: milliseconds(own?.latency_p95_ms) },
      { name: "Delivered", value: count(own?.delivered) }, { name: "Dropped", value: count(own?.dropped) },
      { name: "Failed", value: count(own?.failed) },
    ]);
    say(problem, own?.last_error ?? "");
    load(status);
  }
  on("pipelines", update, signal);
  update();

  const element = make("div", { class: "split" },
    make("div", { class: "panels" },
      make("div", { class: "head" }, make("h1", {}, stream), state, make("span", { class: "spacer" }),
        make("a", { class: "button", href: "#/" }, "All cameras"),
        make("a", { class: "button", href: `#/pipelines/${encodeURIComponent(pipeline)}` }, `Pipeline ${pipeline}`)),
      picture, make("section", { class: "panel", "aria-label": "Health" }, make("div", { class: "content" }, row, problem))),
    make("aside", { class: "panels", "aria-label": "Settings and events" }, shapes.element, thresholds,
      make("section", { class: "panel", "aria-labelledby": "own-events" },
        make("div", { class: "title" }, make("h2", { id: "own-events" }, "Events")), list.element)));
  return { element, title: stream };
}
