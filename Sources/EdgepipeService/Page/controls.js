// Starts, stops, drains and restarts a pipeline.

import { ask, paths } from "./api.js";
import { make, notice } from "./dom.js";
import { mayOperate } from "./session.js";

const VERBS = [
  ["start", "Start", "Starts the pipeline"],
  ["stop", "Stop", "Delivers what is on its way; stays stopped, also when the service starts again"],
  ["drain", "Drain", "Delivers what is on its way; runs again when the service starts again"],
  ["restart", "Restart", "Delivers what is on its way and starts again"],
];

export function controls(pipeline) {
  if (!mayOperate()) return { element: "", update() {} };
  const buttons = VERBS.map(([verb, text, title]) =>
    make("button", { type: "button", title, class: verb === "start" ? "" : "danger", onclick: () => act(verb) }, text));
  async function act(verb) {
    try {
      const { state } = await ask(paths.pipeline(pipeline, `/${verb}`), { method: "POST" });
      notice(`${pipeline}: ${verb} – it is ${state}`);
    } catch (refusal) { notice(refusal.message, "bad"); }
  }
  function update(state) {
    const isOff = ["stopped", "finished"].includes(state);
    buttons[0].disabled = !isOff && state !== "waiting";
    buttons[1].disabled = isOff;
    buttons[2].disabled = isOff || state === "draining";
  }
  return { element: make("div", { class: "buttons", role: "group", "aria-label": `Control ${pipeline}` }, buttons), update };
}
