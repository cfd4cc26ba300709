// Everything that has happened, by pipeline and kind.

import { keep, make } from "./dom.js";
import { eventList } from "./eventlist.js";
import { on, pipelines } from "./store.js";

const KINDS = [["", "All kinds"], ["event", "Rules"], ["health", "Streams"], ["pipeline", "Pipelines"], ["options", "Options"],
  ["fault", "Faults"]];

export function eventsView(signal) {
  const kind = make("select", { onchange: refresh, "aria-label": "Kind" },
    KINDS.map(([value, text]) => make("option", { value }, text)));
  const pipeline = pipelineChoice(signal, refresh);
  const list = eventList(signal, { most: 300, wants });
  function wants(event) {
    return (!pipeline.value || event.pipeline === pipeline.value)
      && (!kind.value || event.event === kind.value || (kind.value === "fault" && event.event === "recovered"));
  }
  function refresh() { list.refresh(); }
  const element = make("section", { "aria-labelledby": "events-title" },
    make("div", { class: "head" }, make("h1", { id: "events-title" }, "Events"), make("span", { class: "spacer" }), pipeline, kind),
    make("div", { class: "panel" }, list.element));
  return { element, title: "Events" };
}

/** A choice among all pipelines. */
export function pipelineChoice(signal, onchange) {
  const choice = make("select", { onchange, "aria-label": "Pipeline" });
  const update = () => keep(choice, ["", ...pipelines.keys()], name => name,
    name => make("option", { value: name }, name || "All pipelines"));
  on("pipelines", update, signal);
  update();
  return choice;
}
