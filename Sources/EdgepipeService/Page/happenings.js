// What an event says, and which file shows it.

import { paths } from "./api.js";
import { files } from "./store.js";

const PICTURE_MS = 3000;

/** What has happened, in a few words. */
export function words(event) {
  switch (event.event) {
    case "pipeline": return `${event.pipeline} is ${event.state}`;
    case "health": return `${event.stream} is ${event.state}`;
    case "options": return `options of ${event.change?.stage} have changed`;
    case "event": return join(" ", event.label, event.track && `#${event.track}`, verb(event), event.zone ?? event.line);
    case "fault": return join(": ", event.fault, event.message);
    case "recovered": return join(": ", `recovered from ${event.fault}`, event.message);
    default: return join(" ", event.event, event.kind, event.stream);
  }
}

function verb({ kind, count, occupied, dwell_s: dwell, direction }) {
  switch (kind) {
    case "zone.enter": return "enters";
    case "zone.leave": return "leaves";
    case "zone.dwell": return `stays ${Math.round(dwell ?? 0)} s in`;
    case "zone.occupancy": return `${count} in`;
    case "zone.presence": return occupied ? "somebody in" : "nobody in";
    case "line.cross": return `goes ${direction ?? "over"} at`;
    default: return kind;
  }
}

/** Where it has happened, and what else there is to say. */
export const place = ({ pipeline, stream, error }) => join(" · ", pipeline, stream !== pipeline && stream, error);

const join = (between, ...texts) => texts.filter(Boolean).join(between);

/** The end of a fault says since when it went on and for how many seconds. */
export function when(event) {
  if (event.event !== "recovered") return event.captured_at ?? event.since ?? event.received;
  return new Date(Date.parse(event.since) + (event.seconds ?? 0) * 1000).toISOString();
}

/**
 * What shows an event best: a clip of that time, else the nearest picture, else a recording. Null where there is none, and for
 * what belongs to no frame. A fault shows in the frame in which it was noticed, not in that of its first sign.
 */
export function fileOf(event) {
  if (!event.captured_at) return null;
  const own = files.filter(file => file.pipeline === event.pipeline && file.stream === event.stream);
  const at = Date.parse(event.captured_at);
  const distance = file => Math.abs(Date.parse(file.begin) - at);
  const covers = file => at >= Date.parse(file.begin) && at <= Date.parse(file.begin) + (file.facts?.duration_s ?? 0) * 1000;
  const isNear = file => distance(file) < PICTURE_MS;
  const all = (kind, fits) => own.filter(file => file.kind === kind && fits(file));
  return all("clip", covers)[0] ?? all("picture", isNear).sort((a, b) => distance(a) - distance(b))[0]
    ?? all("recording", covers)[0] ?? null;
}

/** The address of a file's picture; null where it has none. */
export function thumbnail(file) {
  if (file.kind === "picture") return paths.file(file);
  return file.has_picture ? paths.filePicture(file) : null;
}
