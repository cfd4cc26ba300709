// Edits one zone or line: its points are dragged on the picture, moved with arrow keys, or written as numbers.

import { drawing, keep, make, say, set } from "./dom.js";

const NEAR = 0.01, FAR = 0.05;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function shapeEditor({ svg, size, word, least, name, points, mayRemove, onSave, onRemove, onCancel }) {
  const isZone = least > 2;
  const corners = points.map(point => [...point]);
  const title = make("input", { type: "text", id: "shape-name", value: name, maxlength: 64, required: true });
  const error = make("p", { role: "alert" }), rows = make("tbody");
  const element = make("form", { class: "edit", onsubmit: event => { event.preventDefault(); attempt(() => onSave(title.value.trim(), corners)); },
    onkeydown: event => { if (event.key === "Escape") onCancel(); } },
    make("label", { for: "shape-name" }, `Name of the ${word}`), title,
    make("p", { class: "muted" }, isZone ? "Drag the points on the picture, or use the arrow keys. Insert adds a point, Delete removes one."
      : "Drag the ends on the picture, or use the arrow keys. It counts from left to right, seen from the first end."),
    make("table", {}, make("caption", { class: "spoken" }, "Points in percent of the picture"),
      make("thead", {}, make("tr", {}, ["Point", "Across %", "Down %"].map(text => make("th", { scope: "col" }, text)))), rows),
    error,
    make("div", { class: "row" }, make("button", { class: "primary" }, "Save"), make("button", { type: "button", onclick: onCancel }, "Cancel"),
      !isZone && make("button", { type: "button", onclick: () => { corners.reverse(); render(); } }, "Swap ends"),
      mayRemove && make("button", { type: "button", class: "danger", onclick: () => attempt(onRemove) }, `Remove ${word}`)));

  async function attempt(action) {
    say(error, "");
    try { await action(); } catch (refusal) { say(error, refusal.message); }
  }

  function move(index, x, y) {
    const { width, height } = size();
    corners[index] = [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];
    render();
  }

  function insert(index) {
    const [a, b] = [corners[index], corners[(index + 1) % corners.length]];
    corners.splice(index + 1, 0, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
    render();
    handle(index + 1)?.focus();
  }

  function remove(index) {
    if (corners.length <= least) return;
    corners.splice(index, 1);
    render();
    handle(Math.min(index, corners.length - 1))?.focus();
  }

  const handle = index => svg.querySelector(`[data-key="point-${index}"]`);

  function press(event, index) {
    const step = ARROWS[event.key], { width, height } = size(), share = event.shiftKey ? FAR : NEAR;
    if (step) move(index, corners[index][0] + step[0] * width * share, corners[index][1] + step[1] * height * share);
    else if (event.key === "Insert" && isZone) insert(index);
    else if (event.key === "Delete" && isZone) remove(index);
    else if (event.key === "Escape") onCancel();
    else return;
    event.preventDefault();
  }

  function drag(event, index) {
    const target = event.currentTarget, box = svg.getBoundingClientRect(), { width, height } = size();
    target.setPointerCapture(event.pointerId);
    target.onpointermove = ({ clientX, clientY }) =>
      move(index, (clientX - box.left) / box.width * width, (clientY - box.top) / box.height * height);
    target.onpointerup = target.onpointercancel = () => { target.onpointermove = null; };
  }

  function render() {
    const radius = size().width / 90;
    const middles = isZone ? corners.map((_, index) => index) : [];
    const items = [{ key: "outline" }, ...middles.map(index => ({ key: `middle-${index}`, index })),
      ...corners.map((_, index) => ({ key: `point-${index}`, index }))];
    keep(svg, items, item => item.key, create, (node, { key, index }) => {
      if (key === "outline") return set(node, "points", corners.map(point => point.join(",")).join(" "));
      const [a, b] = [corners[index], corners[(index + 1) % corners.length]];
      const [x, y] = key.startsWith("point") ? a : [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
      set(node, "cx", x);
      set(node, "cy", y);
      set(node, "r", key.startsWith("point") ? radius : radius * 0.7);
      if (key.startsWith("point")) set(node, "aria-label", `Point ${index + 1}: ${percent(index, 0)} % across, ${percent(index, 1)} % down`);
    });
    keep(rows, corners.map((_, index) => index), index => index, row, (row, index) => {
      [...row.querySelectorAll("input")].forEach((input, axis) => {
        if (input !== document.activeElement) input.value = percent(index, axis);
      });
    });
  }

  function create({ key, index }) {
    if (key === "outline") return drawing(isZone ? "polygon" : "polyline", { class: isZone ? "shape edited" : "shape line edited" });
    if (key.startsWith("middle")) return drawing("circle", { class: "point new", onpointerdown: () => insert(index) });
    return drawing("circle", { class: "point", tabindex: 0, role: "button", onkeydown: event => press(event, index),
      onpointerdown: event => drag(event, index) });
  }

  const whole = axis => axis === 0 ? size().width : size().height;
  const percent = (index, axis) => Number((corners[index][axis] / whole(axis) * 100).toFixed(1));

  function row(index) {
    const field = axis => make("input", { type: "number", min: 0, max: 100, step: 0.1,
      "aria-label": `Point ${index + 1} ${axis === 0 ? "across" : "down"} in percent`, oninput: event => {
        const value = Number(event.target.value);
        if (event.target.value === "" || !Number.isFinite(value)) return;
        const point = [...corners[index]];
        point[axis] = value / 100 * whole(axis);
        move(index, ...point);
      } });
    return make("tr", {}, make("th", { scope: "row" }, String(index + 1)), make("td", {}, field(0)), make("td", {}, field(1)));
  }

  render();
  return { element, render, focus: () => title.focus() };
}
