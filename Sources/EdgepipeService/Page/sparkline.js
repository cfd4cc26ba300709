// A small drawing of how a figure has gone.

import { drawing, set } from "./dom.js";

const WIDTH = 72, HEIGHT = 18;

export const sparkline = () => drawing("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" }, drawing("polyline"));

/** From zero up, so that small changes look small. */
export function plot(svg, values, length = 90) {
  const most = Math.max(...values, 1e-9), step = WIDTH / (length - 1), begin = WIDTH - (values.length - 1) * step;
  set(svg.firstElementChild, "points", values.map((value, index) =>
    `${(begin + index * step).toFixed(1)},${(HEIGHT - value / most * (HEIGHT - 2) - 1).toFixed(1)}`).join(" "));
}
