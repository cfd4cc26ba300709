"""The page docs/benchmarks.md and its chart, written from what Benchmarks/compare measured."""
import json
import re
import subprocess

import bench
import chart


def video(clip):
    """What the clip is: size, rate, frames, codec."""
    keys = "stream=width,height,avg_frame_rate,codec_name"
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", keys, "-of", "json", str(clip)],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    stream = json.loads(text)["streams"][0]
    over, under = map(int, stream["avg_frame_rate"].split("/"))
    return {"width": stream["width"], "height": stream["height"], "codec": stream["codec_name"],
            "fps": round(over / under, 3) if under else None}


def ffmpeg_version():
    text = subprocess.run(["ffmpeg", "-version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return re.search(r"ffmpeg version (\S+)", text)[1]


def system_name():
    with open("/etc/os-release", encoding="utf-8") as lines:
        found = re.search(r'^PRETTY_NAME="?([^"\n]+)', lines.read(), re.MULTILINE)
    return found[1] if found else "Linux"


def table(rows):
    lines = ["| program | frames/s, median (lowest to highest) | x script, median (lowest to highest) | CPU ms a frame "
             "| peak memory, MB | detections | F1 with the script |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        if "error" in row:
            lines.append(f"| {row['name']} | did not run: {row['error']} | | | | | |")
            continue
        fps, ratios = row["fps"], row["ratios"]
        lines.append(
            f"| {row['name']} | {row['fps_median']:.1f} ({min(fps):.1f} to {max(fps):.1f}) "
            f"| {row['ratio_median']:.2f} ({min(ratios):.2f} to {max(ratios):.2f}) | {row['cpu_ms_per_frame']:.1f} "
            f"| {row['peak_rss_mb']:.0f} | {row['detections']:,} | {row['f1']:.3f} |")
    return "\n".join(lines)


def is_own(row):
    return row["name"].startswith("edgepipe")


def sentences(rows):
    """What the table says, one sentence for each way of running edgepipe."""
    script, ran = rows[0], [row for row in rows if "error" not in row]
    fastest = max((row for row in ran if not is_own(row)), key=lambda row: row["fps_median"])
    for row in filter(is_own, ran):
        name = row["name"].replace("edgepipe, ", "edgepipe at `") + "`"
        lead = row["fps_median"] / fastest["fps_median"]
        yield (f"{name} gives {row['ratio_median']:.2f} times the frames a second of the script\n"
               f"  ({lead:.2f} times those of the fastest rival, {fastest['name']}), "
               f"with {row['cpu_ms_per_frame'] / script['cpu_ms_per_frame']:.2f} times its CPU time a frame and\n  "
               f"{row['peak_rss_mb'] / script['peak_rss_mb']:.2f} times its memory.")


def versions(result):
    """Every program's version, as it said itself."""
    known = {"onnx": result["onnx"]}
    for row in result["rows"]:
        known |= row.get("versions", {})
    own = f"edgepipe {known.pop('edgepipe')}, a release build, with {known.pop('engine')}"
    lines = [f"{own} and the system's FFmpeg {ffmpeg_version()}",
             "the scripts: " + ", ".join(f"{name} {version}" for name, version in sorted(known.items()))]
    return "\n".join(f"- {line}" for line in lines)


def markdown(result):
    rows, shape, device = result["rows"], result["video"], result["device"]
    programs = "\n".join(
        f"- **{row['name']}**: {row['text']}" + (f"; input {row['input']}." if "input" in row else ".") for row in rows)
    bits = result["int8_bits"]
    weights = "8-bit weights" if bits == 8 else "7-bit weights, which processors without such instructions need"
    instructions = ("has" if device["int8_dot_product"] else "has no") + " dot products of 8-bit integers"
    reading = "\n".join(f"- {line}" for line in sentences(rows))
    return f"""# Benchmarks

This page compares edgepipe with the usual ways to run the same detector on the same video, in one run on one machine.
`Benchmarks/compare` measures and writes this page; other benchmarks are in [Benchmarks](../Benchmarks/README.md).

![Bars of frames a second, CPU time a frame and peak memory; the table below has the figures](benchmarks.svg)

{table(rows)}

{reading}

## The programs

All programs read the clip, scale each frame, run `{result['model']}` on it and write the detections as one JSON line per frame,
at the same thresholds: score above {result['score']}, non-maximum suppression within each class at an IoU of {result['iou']}.

{programs}

The scripts are one file, `Benchmarks/rivals/detect.py`: OpenCV reads and scales (bilinear, letterboxed to 416x416),
NumPy decodes the outputs, all in one loop, as in the libraries' examples. `onnxruntime.quantization` makes the int8 model
(static, QDQ, per channel, activations in 8 bits with ranges from the 99.99th percentile of 20 frames of this clip,
{weights}).

## How it is measured

- **Clip**: `{result['clip']}`, {shape['width']}x{shape['height']}, {shape['codec']}, {rows[0]['frames']} frames,
  read as fast as possible.
- **Rounds**: {result['rounds']}. Each round runs all programs one after another, and each round starts with the next program,
  so that changing conditions of the machine affect all programs alike. The ratio to the script is computed within each
  round.
- **Frames a second**: from opening the video, after the model is loaded, to the last result. No program is warmed
  up: the first frames count for all.
- **CPU time a frame**: user and system time of the whole process (`wait4`), less the time for loading the model and, for
  the scripts, for starting Python.
- **Peak memory**: of the whole process (`wait4`), in megabytes of 2^20 bytes, the highest of all rounds.
- **Detections and F1**: they show that no program is faster because it detects less. A detection agrees with one of the
  script's in the same frame if the class is the same and the IoU is at least 0.5, best scores first, each used once;
  F1 = 2 x agreeing / (detections of both). F1 measures agreement with the script, not accuracy: edgepipe scales with an
  area filter, which shifts scores near the threshold in either direction.

## The machine

{device['processor'] or 'unknown processor'}, {device['cores']} cores ({instructions}), {device['memory_mb']:,} MB of
memory, {system_name()}; load average {result['load']:.2f} at the start.

{versions(result)}
- model `{result['model']}`, sha256 {result['sha256']}

## How to repeat the measurement

```sh
scripts/setup --tests                                # the scripts' Python packages
samples/make                                         # the clip
swift build -c release --product edgepipe
.build/release/edgepipe models pull {result['model']}
Benchmarks/compare
```
"""


def drawing(rows):
    def column(key):
        return [row.get(key) for row in rows]

    spreads = [(min(row["fps"]), max(row["fps"])) if "fps" in row else None for row in rows]
    nothing = [None] * len(rows)
    return chart.bars(
        "edgepipe and the usual scripts", column("name"), list(map(is_own, rows)),
        [("Frames a second", "more is better; line: lowest to highest", column("fps_median"), spreads, "{:.1f}"),
         ("CPU ms a frame", "less is better", column("cpu_ms_per_frame"), nothing, "{:.1f}"),
         ("Peak memory, MB", "less is better", column("peak_rss_mb"), nothing, "{:.0f}")])


def write(result, folder):
    """Writes both files, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in [("benchmarks.svg", drawing(result["rows"])), ("benchmarks.md", markdown(result))]:
        part = folder / f".{name}.part"
        part.write_text(text, encoding="utf-8")
        part.rename(folder / name)
