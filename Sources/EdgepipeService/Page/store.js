// What the page knows: pipelines with their figures, the last events, and the files that runs have finished.

const HISTORY = 90;
const MOST_EVENTS = 500;
const MOST_FILES = 1000;

export const pipelines = new Map();
export const events = [];
export const files = [];
/** Counts events: each has a name that stays. */
let number = 0;

const target = new EventTarget();
/** `topic` is pipelines, events, options or files. Ends with the signal. */
export const on = (topic, listener, signal) => target.addEventListener(topic, event => listener(event.detail), { signal });
const tell = (topic, detail) => target.dispatchEvent(new CustomEvent(topic, { detail }));

/** A message of the event stream. */
export function take(message) {
  switch (message.event) {
    case "figures": return takeFigures(message);
    case "file": return takeFile(message);
    case "options": return tell("options", message);
    case "pipeline": {
      const known = pipelines.get(message.pipeline);
      if (known) pipelines.set(message.pipeline, { ...known, state: message.state });
      tell("pipelines");
    }
  }
  number += 1;
  events.unshift({ ...message, number, received: new Date().toISOString() });
  events.length = Math.min(events.length, MOST_EVENTS);
  tell("events");
}

function takeFigures({ names, pipelines: changed }) {
  for (const figures of changed) {
    const history = pipelines.get(figures.name)?.history ?? [];
    if (figures.stages) history.push({ fps: figures.fps, power: figures.power_w ?? 0, late: slowest(figures.streams) });
    pipelines.set(figures.name, { ...figures, history: history.slice(-HISTORY) });
  }
  for (const name of pipelines.keys()) if (!names.includes(name)) pipelines.delete(name);
  tell("pipelines");
}

export const slowest = streams => Math.max(0, ...(streams ?? []).map(stream => stream.latency_p95_ms ?? 0));

export function takeFile(file) {
  if (files.some(known => known.id === file.id && known.pipeline === file.pipeline)) return;
  const place = files.findIndex(known => known.begin < file.begin);
  files.splice(place < 0 ? files.length : place, 0, file);
  files.length = Math.min(files.length, MOST_FILES);
  tell("files");
}

/** Every stream of every pipeline, in order. */
export function streams() {
  return [...pipelines.values()].flatMap(pipeline =>
    (pipeline.streams ?? []).map(stream => ({ ...stream, pipeline: pipeline.name, running: pipeline.state === "running" })));
}

export function clear() {
  pipelines.clear();
  events.length = 0;
  files.length = 0;
}
