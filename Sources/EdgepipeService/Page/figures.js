// A row of figures with their names.

import { keep, make, say } from "./dom.js";
import { plot, sparkline } from "./sparkline.js";

/** Each of `rows` is `{ name, value, history }`; the last one only where it is drawn. */
export function figures() { return make("dl", { class: "figures" }); }

export function updateFigures(list, rows) {
  keep(list, rows, row => row.name,
    row => make("div", {}, make("dt", {}, row.name), make("dd"), row.history ? sparklineRow() : ""), (box, row) => {
      say(box.children[1], row.value);
      if (row.history) plot(box.querySelector("svg"), row.history);
    });
}

const sparklineRow = () => make("dd", {}, sparkline());
