// The health of a pipeline's streams.

import { keep, make, say, set } from "./dom.js";
import { count, grade, milliseconds, rate } from "./format.js";

const COLUMNS = ["Stream", "State", "Frames/s", "Latency p95", "Delivered", "Dropped", "Failed"];

export function streamTable(pipeline) {
  const rows = make("tbody");
  const element = make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, COLUMNS.map((name, index) => make("th", { scope: "col", class: index < 2 ? "left" : "" }, name)))),
    rows));
  function update(streams) {
    keep(rows, streams, stream => stream.id, stream => row(pipeline, stream), updateRow);
  }
  return { element, update };
}

function row(pipeline, { id }) {
  const link = make("a", { href: `#/camera/${encodeURIComponent(pipeline)}/${encodeURIComponent(id)}` }, id);
  return make("tr", {}, make("th", { scope: "row" }, link),
    make("td", { class: "left" }, make("span", { class: "badge" }, make("span", { class: "dot" }), make("span"))),
    COLUMNS.slice(2).map(() => make("td")));
}

function updateRow(row, stream) {
  const badge = row.children[1].firstElementChild;
  set(badge, "data-state", grade(stream.state));
  say(badge.lastElementChild, [stream.state, stream.last_error].filter(Boolean).join(": "));
  const values = [rate(stream.fps), milliseconds(stream.latency_p95_ms), count(stream.delivered), count(stream.dropped), count(stream.failed)];
  values.forEach((value, index) => say(row.children[index + 2], value));
}
