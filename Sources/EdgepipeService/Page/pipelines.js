// The pipelines, and of one of them its stages, its ledger, its streams and its options.

import { ask, paths } from "./api.js";
import { controls } from "./controls.js";
import { keep, make, say, set } from "./dom.js";
import { figures, updateFigures } from "./figures.js";
import { count, grade, milliseconds, rate, time, watts } from "./format.js";
import { graph } from "./graph.js";
import { ledger } from "./ledger.js";
import { optionsForm } from "./options.js";
import { streamTable } from "./streamtable.js";
import { on, pipelines, slowest } from "./store.js";

export function pipelinesView(signal, chosen) {
  const list = make("nav", { class: "pick", "aria-label": "Pipelines" }), room = make("div", { class: "panels" });
  const empty = make("p", { class: "empty" }, "The service has no pipeline.");
  let shown = null;

  function update() {
    const name = chosen ?? pipelines.keys().next().value;
    keep(list, [...pipelines.values()], pipeline => pipeline.name, entry, (link, pipeline) => {
      set(link, "data-state", grade(pipeline.state));
      set(link, "aria-current", pipeline.name === name ? "true" : null);
      say(link.lastElementChild, pipeline.state === "running" ? `${rate(pipeline.fps)} fps` : pipeline.state);
    });
    empty.hidden = pipelines.size > 0;
    if (!pipelines.has(name)) return;
    if (!shown) {
      shown = detail(name, signal);
      room.replaceChildren(...shown.elements);
    }
    shown.update(pipelines.get(name));
  }
  on("pipelines", update, signal);
  update();
  const element = make("div", { class: "master" }, list, make("div", {}, room, empty));
  return { element, title: chosen ?? "Pipelines" };
}

const entry = ({ name }) => make("a", { href: `#/pipelines/${encodeURIComponent(name)}` },
  make("span", { class: "dot" }), make("span", {}, name), make("span", { class: "number" }));

function panel(title, content, id) {
  return make("section", { class: "panel", "aria-labelledby": id }, make("div", { class: "title" }, make("h2", { id }, title)), content);
}

function detail(name, signal) {
  const state = make("span", { class: "badge" }, make("span", { class: "dot" }), make("span"));
  const since = make("span", { class: "muted" }), row = figures(), buttons = controls(name);
  const account = ledger(), streams = streamTable(name), drawing = make("div", { class: "scroll", tabindex: 0, role: "region",
    "aria-label": "Graph of stages" }, make("p", { class: "empty" }, "The pipeline does not run."));
  const options = make("div"), settings = panel("Options", options, "options-title");
  settings.hidden = true;
  let stages = null, run = null;

  /** Of a run that has begun: its stages stay the same until it ends. */
  async function load(pipeline) {
    if (pipeline.state !== "running" || pipeline.pid === run) return;
    run = pipeline.pid;
    try {
      const answer = await ask(paths.pipeline(name, "/graph"), { signal });
      stages = graph(answer.stages);
      drawing.replaceChildren(stages.element);
      options.replaceChildren(...answer.stages.flatMap(stage => {
        const form = optionsForm(name, stage);
        return form ? make("details", {},
          make("summary", {}, make("b", {}, stage.id), " ", make("span", { class: "muted" }, stage.type)), form) : [];
      }));
      settings.hidden = !options.children.length;
      update(pipeline);
    } catch { run = null; }
  }

  function update(pipeline) {
    set(state, "data-state", grade(pipeline.state));
    say(state.lastElementChild, pipeline.state);
    say(since, [`since ${time(pipeline.since)}`, pipeline.restarts ? `${pipeline.restarts} restarts` : null,
      pipeline.state === "running" ? null : pipeline.last_end].filter(Boolean).join(" · "));
    buttons.update(pipeline.state);
    const history = key => pipeline.history.map(sample => sample[key]);
    updateFigures(row, [
      { name: "Frames/s", value: rate(pipeline.fps), history: history("fps") },
      { name: "Latency p95", value: milliseconds(slowest(pipeline.streams)), history: history("late") },
      { name: pipeline.power_method?.startsWith("estimate") ? "Power (estimate)" : "Power", value: watts(pipeline.power_w),
        history: history("power") },
      { name: "In flight", value: count(pipeline.in_flight) }, { name: "Streams", value: count(pipeline.streams?.length ?? 0) },
    ]);
    streams.update(pipeline.streams ?? []);
    account.update(pipeline.ledger);
    stages?.update(new Map((pipeline.stages ?? []).map(stage => [stage.id, stage])));
    load(pipeline);
  }

  const head = make("section", { class: "panel", "aria-labelledby": "pipeline-title" },
    make("div", { class: "title" }, make("h1", { id: "pipeline-title" }, name), state, since, make("span", { class: "spacer" }),
      buttons.element), make("div", { class: "content" }, row));
  return { update, elements: [head, panel("Stages", drawing, "stages-title"), panel("Ledger", account.element, "ledger-title"),
    panel("Streams", streams.element, "streams-title"), settings] };
}
