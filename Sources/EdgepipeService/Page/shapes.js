// The zones and lines of a camera: drawn over its picture, listed beside it, and written back to their stages.

import { ask, paths } from "./api.js";
import { drawing, make, notice, set } from "./dom.js";
import { mayOperate } from "./session.js";
import { shapeEditor } from "./shapeeditor.js";

/** By stage type: the option that holds the shapes, and how many points one has. */
const KINDS = {
  "analytics.zones": { option: "zones", word: "zone", least: 3 },
  "analytics.lines": { option: "lines", word: "line", least: 2 },
};

export function shapesPanel({ pipeline, stream, frame, signal, onEdit }) {
  const svg = drawing("svg", { role: "group", "aria-label": "Zones and lines on the picture" });
  const list = make("ul", { class: "shapes" }), room = make("div");
  const adders = make("div", { class: "buttons" });
  const element = make("section", { class: "panel", "aria-labelledby": "shapes-title", hidden: true },
    make("div", { class: "title" }, make("h2", { id: "shapes-title" }, "Zones and lines")),
    make("div", { class: "content panels" }, list, room, adders));
  let stages = [], size = { width: 16, height: 9 }, editor = null;
  frame.append(svg);

  function load(all) {
    stages = all.filter(stage => KINDS[stage.type]).map(stage => ({ ...stage, ...KINDS[stage.type] }));
    element.hidden = stages.length === 0;
    adders.replaceChildren(...mayOperate() ? stages.map(stage =>
      make("button", { type: "button", onclick: () => add(stage) }, `Add ${stage.word}`)) : []);
    render();
  }

  async function reload() {
    if (editor) return;
    try { load((await ask(paths.pipeline(pipeline, "/graph"), { signal })).stages); } catch { /* The next run is loaded anew. */ }
  }

  function resize(other) {
    if (other.width === size.width && other.height === size.height) return;
    size = other;
    set(svg, "viewBox", `0 0 ${size.width} ${size.height}`);
    editor ? editor.render() : render();
  }

  const value = (stage, name) => {
    const option = stage.options.find(option => option.name === name);
    return option?.value ?? option?.default;
  };
  const shapesOf = stage => value(stage, stage.option) ?? [];
  const isRelative = (stage, shape) => (shape.units ?? value(stage, "units")) === "relative";
  const concerns = shape => !shape.streams || shape.streams.includes(stream);

  /** In pixels of the camera's picture. */
  const points = (stage, shape) =>
    shape.points.map(([x, y]) => isRelative(stage, shape) ? [x * size.width, y * size.height] : [x, y]);

  function written(stage, shape, points) {
    if (!isRelative(stage, shape)) return points.map(point => point.map(Math.round));
    const share = (value, whole) => Math.min(1, Math.max(0, Number((value / whole).toFixed(4))));
    return points.map(([x, y]) => [share(x, size.width), share(y, size.height)]);
  }

  /** The run draws shapes into its pictures itself: over them they are drawn only while one is edited. */
  function render() {
    svg.replaceChildren();
    list.replaceChildren(...stages.flatMap(stage => shapesOf(stage).filter(concerns).map(shape =>
      make("li", {}, make("span", {}, shape.name), make("span", { class: "muted" }, stage.word),
        mayOperate() && make("button", { type: "button", "aria-label": `Edit ${shape.name}`, onclick: () => edit(stage, shape) }, "Edit")))));
    if (!list.children.length) list.append(make("li", { class: "muted" }, "None for this camera."));
  }

  function add(stage) {
    const names = shapesOf(stage).map(shape => shape.name);
    let number = names.length + 1;
    while (names.includes(`${stage.word} ${number}`)) number += 1;
    const [w, h] = [size.width, size.height];
    const corners = stage.least === 2 ? [[w * 0.5, h * 0.85], [w * 0.5, h * 0.15]]
      : [[w * 0.3, h * 0.3], [w * 0.7, h * 0.3], [w * 0.7, h * 0.8], [w * 0.3, h * 0.8]];
    edit(stage, null, { name: `${stage.word} ${number}`, points: corners });
  }

  function edit(stage, shape, fresh = null) {
    onEdit(true);
    adders.hidden = list.hidden = true;
    editor = shapeEditor({
      svg, size: () => size, word: stage.word, least: stage.least, name: (fresh ?? shape).name,
      points: fresh?.points ?? points(stage, shape), mayRemove: shape && shapesOf(stage).length > 1,
      onSave: (name, corners) => write(stage, shape, { ...own(shape), name, points: written(stage, shape ?? {}, corners) }),
      onRemove: () => write(stage, shape, null), onCancel: done,
    });
    room.replaceChildren(editor.element);
    editor.focus();
  }

  /** A new one is for this camera alone: its points say nothing of another picture. */
  const own = shape => shape ?? { streams: [stream] };

  function done() {
    editor = null;
    room.replaceChildren();
    adders.hidden = list.hidden = false;
    onEdit(false);
    render();
    adders.querySelector("button")?.focus();
  }

  /** Throws what the service refuses: the editor shows it. */
  async function write(stage, old, shape) {
    const all = shapesOf(stage).flatMap(other => other === old ? shape ?? [] : other).concat(old ? [] : shape);
    await ask(paths.stage(pipeline, stage.id), { method: "PATCH", body: { options: { [stage.option]: all } } });
    notice(`${stage.id}: ${shape ? `${shape.name} is saved` : `${old.name} is removed`}`);
    done();
    await reload();
  }
  return { element, load, reload, resize };
}
