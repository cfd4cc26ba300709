// The one picture stream of the page. Only what can be seen is asked for, and nothing while the page is hidden.

import { signedOut } from "./api.js";
import { parts } from "./multipart.js";

const SETTLE_MS = 120;
const AGAIN_MS = 1000;
/** More pictures at a time are smaller and come less often: [up to so many, lines, pictures a second]. */
const SIZES = [[1, 720, 5], [4, 480, 5], [9, 360, 3], [64, 360, 2]];

/** By image: what it shows, and whether it can be seen. */
const watched = new Map();
let current = { address: "", abort: null };
let timer = 0;

const observer = new IntersectionObserver(entries => {
  for (const { target, isIntersecting } of entries) {
    const image = watched.get(target);
    if (image) image.isVisible = isIntersecting;
  }
  settle();
}, { rootMargin: "80px" });

document.addEventListener("visibilitychange", settle);

/** Shows a stream in an image until the signal. `onPicture` learns the size of the camera's own picture. */
export function show(image, pipeline, stream, { signal, annotated = true, onPicture = () => {} }) {
  watched.set(image, { pipeline, stream, annotated, onPicture, isVisible: false, url: null });
  observer.observe(image);
  signal.addEventListener("abort", () => forget(image));
}

/** With or without what was found. */
export function annotate(image, annotated) {
  const entry = watched.get(image);
  if (entry) entry.annotated = annotated;
  settle();
}

function forget(image) {
  observer.unobserve(image);
  if (watched.get(image)?.url) URL.revokeObjectURL(watched.get(image).url);
  watched.delete(image);
  settle();
}

export function stop() {
  for (const image of [...watched.keys()]) forget(image);
  current.abort?.abort();
  current = { address: "", abort: null };
}

/** Once what is seen has settled; the first pictures do not wait. */
function settle() {
  clearTimeout(timer);
  timer = setTimeout(choose, current.address ? SETTLE_MS : 0);
}

function choose() {
  const seen = document.hidden ? [] : [...watched.values()].filter(entry => entry.isVisible);
  const names = [...new Set(seen.map(({ pipeline, stream }) => `${pipeline}/${stream}`))].sort().slice(0, 64);
  const [, height, rate] = SIZES.find(([most]) => names.length <= most) ?? SIZES.at(-1);
  const annotated = seen.every(entry => entry.annotated);
  const query = new URLSearchParams({ streams: names.join(","), height, rate, annotated });
  const address = names.length ? `v1/pictures?${query}` : "";
  if (address === current.address) return;
  current.abort?.abort();
  current = { address, abort: new AbortController() };
  if (address) read(current);
}

async function read(own) {
  while (current === own) {
    try {
      const response = await fetch(own.address, { signal: own.abort.signal });
      if (response.status === 401) return signedOut();
      if (response.ok) for await (const { head, body } of parts(response.body)) take(head, body);
    } catch { /* Lost, or given up. */ }
    if (current === own) await new Promise(done => setTimeout(done, AGAIN_MS));
  }
}

function take(head, body) {
  const pipeline = head.get("edgepipe-pipeline"), stream = head.get("edgepipe-stream");
  for (const [image, entry] of watched) {
    if (entry.pipeline !== pipeline || entry.stream !== stream) continue;
    if (head.get("edgepipe-state") === "ended") image.parentElement.classList.remove("live");
    else draw(image, entry, head, body);
  }
}

function draw(image, entry, head, body) {
  const old = entry.url;
  entry.url = URL.createObjectURL(new Blob([body], { type: "image/jpeg" }));
  image.src = entry.url;
  if (old) URL.revokeObjectURL(old);
  image.parentElement.classList.add("live");
  const [width, height] = (head.get("edgepipe-source-size") ?? "").split("x").map(Number);
  if (width && height) entry.onPicture({ width, height });
}
