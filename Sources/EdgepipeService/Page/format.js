// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
  second: "2-digit", hourCycle: "h23" });

const isNumber = value => typeof value === "number" && Number.isFinite(value);

export const count = value => isNumber(value) ? whole.format(value) : "–";
export const rate = value => isNumber(value) ? (value >= 100 ? value.toFixed(0) : value.toFixed(1)) : "–";

export function watts(value) {
  if (!isNumber(value)) return "–";
  return value < 1 ? `${(value * 1000).toFixed(0)} mW` : `${value.toFixed(1)} W`;
}

export const percent = value => isNumber(value) ? `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %` : "–";

export function milliseconds(value) {
  if (!isNumber(value)) return "–";
  return value >= 1000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

export function duration(seconds) {
  if (!isNumber(seconds)) return "";
  const all = Math.round(seconds), rest = String(all % 60).padStart(2, "0");
  return all >= 3600
    ? `${Math.floor(all / 3600)}:${String(Math.floor(all / 60) % 60).padStart(2, "0")}:${rest}` : `${Math.floor(all / 60)}:${rest}`;
}

/** The time alone for what was today. */
export function time(iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  return (date.toDateString() === new Date().toDateString() ? clock : day).format(date);
}

/** How good a state is, as a colour beside its word. */
export function grade(state) {
  if (["streaming", "running", "live"].includes(state)) return "good";
  if (["stalled", "failed", "refused", "lost", "disconnected"].includes(state)) return "bad";
  if (["ended", "stopped", "finished"].includes(state)) return "off";
  return "warn";
}
