// What became of the frames of a run: every one of them is delivered, dropped, failed, or still on its way.

import { keep, make, say } from "./dom.js";
import { count, percent } from "./format.js";

const FATES = ["delivered", "dropped", "failed"];

export function ledger() {
  const bar = make("div", { class: "account-bar", "aria-hidden": "true" }, FATES.map(fate => make("i", { class: fate })));
  const key = make("ul", { class: "key number" });
  const rows = make("tbody");
  const table = make("div", { class: "scroll" }, make("table", {},
    make("caption", { class: "spoken" }, "Lost frames by stage and reason"),
    make("thead", {}, make("tr", {}, ["Stage", "Reason", "Frames"].map((name, index) =>
      make("th", { scope: "col", class: index < 2 ? "left" : "" }, name)))), rows));

  function update(account) {
    const admitted = account?.admitted ?? 0;
    const dropped = account?.dropped ?? [], failed = Object.entries(account?.failed ?? {});
    const sums = { delivered: account?.delivered ?? 0, dropped: dropped.reduce((sum, { count }) => sum + count, 0),
      failed: failed.reduce((sum, [, count]) => sum + count, 0) };
    FATES.forEach((fate, index) => { bar.children[index].style.width = `${admitted ? sums[fate] / admitted * 100 : 0}%`; });
    const entries = [["admitted", admitted], ...FATES.map(fate => [fate, sums[fate]]), ["in flight", account?.in_flight ?? 0]];
    keep(key, entries, ([name]) => name, () => make("li", {}, make("span", { class: "muted" }), make("span")), (item, [name, value]) => {
      say(item.firstElementChild, name);
      say(item.lastElementChild, FATES.includes(name) && admitted ? `${count(value)} (${percent(value / admitted)})` : count(value));
    });
    const lost = [...dropped, ...failed.map(([stage, count]) => ({ stage, reason: "error", count }))];
    keep(rows, lost, ({ stage, reason }) => `${stage}/${reason}`,
      ({ stage, reason }) => make("tr", {}, make("th", { scope: "row" }, stage), make("td", { class: "left" }, reason), make("td")),
      (row, loss) => say(row.lastElementChild, count(loss.count)));
    table.hidden = lost.length === 0;
  }
  return { element: make("div", {}, make("div", { class: "content" }, bar, key), table), update };
}
