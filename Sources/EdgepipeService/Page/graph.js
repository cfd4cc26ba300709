// The stages of a pipeline and the links between them, with their figures as they change.

import { drawing, keep, make, say, set } from "./dom.js";
import { count, milliseconds, rate, watts } from "./format.js";

const WIDTH = 196, HEIGHT = 112, GAP_X = 36, GAP_Y = 16;

/** `stages` are those of `/graph`: they do not change while a run goes on. */
export function graph(stages) {
  const places = layout(stages);
  const columns = Math.max(...[...places.values()].map(({ column }) => column)) + 1;
  const rows = Math.max(...[...places.values()].map(({ row }) => row)) + 1;
  const width = columns * (WIDTH + GAP_X) - GAP_X, height = rows * (HEIGHT + GAP_Y) - GAP_Y;
  const links = stages.flatMap(stage => stage.after.map(before => link(places.get(before), places.get(stage.id))));
  const boxes = stages.map(stage => box(stage, places.get(stage.id)));
  const element = make("div", { class: "graph", role: "list" }, ...boxes);
  element.prepend(drawing("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" }, ...links));
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  return { element, update: figures => boxes.forEach((box, index) => updateBox(box, figures.get(stages[index].id))) };
}

/** A stage stands one column behind the last of those that it comes after. */
function layout(stages) {
  const places = new Map(), used = [];
  const column = stage => {
    const before = stage.after.map(id => stages.find(other => other.id === id)).filter(Boolean);
    return before.length ? Math.max(...before.map(column)) + 1 : 0;
  };
  for (const stage of stages) {
    const own = column(stage);
    used[own] = (used[own] ?? -1) + 1;
    // Beside what it comes after, where there is room.
    const wanted = Math.max(0, ...stage.after.map(id => places.get(id)?.row ?? 0).slice(0, 1));
    used[own] = Math.max(used[own], wanted);
    places.set(stage.id, { column: own, row: used[own] });
  }
  return places;
}

const x = place => place.column * (WIDTH + GAP_X);
const y = place => place.row * (HEIGHT + GAP_Y);

function link(from, to) {
  const [x1, y1, x2, y2] = [x(from) + WIDTH, y(from) + HEIGHT / 2, x(to), y(to) + HEIGHT / 2], bend = GAP_X / 2;
  return drawing("path", { d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` });
}

const NAMES = ["fps", "work", "wait", "power"];

function box(stage, place) {
  const after = stage.after.length ? `, after ${stage.after.join(" and ")}` : "";
  const element = make("div", { class: "stage", role: "listitem", title: stage.summary },
    make("b", {}, stage.id), make("span", { class: "type" }, stage.type, make("span", { class: "spoken" }, after)),
    make("dl", {}, NAMES.map(name => [make("dt", {}, name), make("dd")])),
    make("div", { class: "meter", "aria-hidden": "true" }, make("i")),
    make("span", { class: "muted" }));
  element.style.left = `${x(place)}px`;
  element.style.top = `${y(place)}px`;
  element.style.height = `${HEIGHT}px`;
  return element;
}

function updateBox(element, stage) {
  if (!stage) return;
  const values = [rate(stage.fps), milliseconds(stage.service_ms), milliseconds(stage.queue_ms),
    watts(stage.power_w)];
  [...element.querySelectorAll("dd")].forEach((value, index) => say(value, values[index]));
  const share = stage.queue_capacity ? stage.queue / stage.queue_capacity : 0, fill = element.querySelector("i");
  fill.style.width = `${Math.min(1, share) * 100}%`;
  set(fill, "class", share > 0.75 ? "high" : null);
  const lost = stage.dropped + stage.failed;
  say(element.lastElementChild, [stage.queue_capacity ? `queue ${stage.queue}/${stage.queue_capacity}` : null,
    `${count(lost)} lost`].filter(Boolean).join(" · "));
  element.classList.toggle("losing", stage.failed > 0);
}
