"""The page docs/benchmarks.md and its chart, written from what Benchmarks/compare measured."""
import json
import re
import subprocess

import bench
import chart
import narrow


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


def table(rows, has_ap):
    """The rows as Markdown; `has_ap`: with average precision."""
    headings = ["program", "frames/s, median (lowest to highest)", "x script, median (lowest to highest)",
                "CPU ms a frame", "peak memory, MB", "detections", "F1 with the script"] + ["AP"] * has_ap
    lines = [headings, ["---"] * len(headings)]
    for row in rows:
        if "error" in row:
            lines.append([row["name"], f"did not run: {row['error']}"] + [""] * (len(headings) - 2))
            continue
        fps, ratios = row["fps"], row["ratios"]
        lines.append([
            row["name"], f"{row['fps_median']:.1f} ({min(fps):.1f} to {max(fps):.1f})",
            f"{row['ratio_median']:.2f} ({min(ratios):.2f} to {max(ratios):.2f})" if ratios else "",
            f"{row['cpu_ms_per_frame']:.1f}", f"{row['peak_rss_mb']:.0f}", f"{row['detections']:,}", f"{row['f1']:.3f}"])
        if has_ap:
            lines[-1].append("" if row["ap"] is None else f"{row['ap']:.3f}")
    return "\n".join(f"| {' | '.join(cells)} |".replace("  ", " ") for cells in lines)


def is_own(row):
    return row["name"].startswith("edgepipe")


def sentences(rows):
    """What the table says, one sentence for each way of running edgepipe."""
    script, ran = rows[0], [row for row in rows if "error" not in row]
    fastest = max((row for row in ran if not is_own(row)), key=lambda row: row["fps_median"])
    for row in filter(is_own, ran):
        lead = row["fps_median"] / fastest["fps_median"]
        yield (f"{row['name']}: {row['ratio_median']:.2f} times the frames a second of the script\n"
               f"  ({lead:.2f} times those of the fastest rival, {fastest['name']}), "
               f"with {row['cpu_ms_per_frame'] / script['cpu_ms_per_frame']:.2f} times its CPU time a frame and\n  "
               f"{row['peak_rss_mb'] / script['peak_rss_mb']:.2f} times its memory.")


def narrow_section(rows, has_ap, answers_cpuid):
    """The programs that were held to AVX2; nothing where the processor has no more."""
    if not rows:
        return ""
    if answers_cpuid:
        how = """The same programs in the same rounds, on a processor that seems to have AVX2 alone: CPUID answers without AVX-512, AMX
and the newer dot products (`Benchmarks/narrow.c`), to the program and to every library that it loads. The ratio is to the
script of this table."""
    else:
        switches = ";\n".join(f"`{name}={value}` reaches {part}" for name, value, part in narrow.SWITCHES.values())
        how = f"""The same programs in the same rounds, held to AVX2. CPUID cannot be answered for them on this machine
(`Benchmarks/narrow.c`), so each is held by its own switch:
{switches}.
ONNX Runtime and ncnn have none and cannot be held."""
    return f"""## With AVX2 alone

{how}

{table(rows, has_ap)}

"""


def versions(result):
    """Every program's version, as it said itself."""
    known = dict(result["versions"])
    for row in result["rows"]:
        known |= row.get("versions", {})
    own = f"edgepipe {known.pop('edgepipe')}, a release build, with {known.pop('engine')}"
    lines = [f"{own} and the system's FFmpeg {ffmpeg_version()}",
             "the scripts: " + ", ".join(f"{name} {version}" for name, version in sorted(known.items()))]
    return "\n".join(f"- {line}" for line in lines)


def markdown(result):
    shape, device, has_ap = result["video"], result["device"], result["has_ap"]
    rows = [row for row in result["rows"] if not row["is_held"]]
    held = [row for row in result["rows"] if row["is_held"]]
    programs = "\n".join(
        f"- **{row['name']}**: {row['text']}" + (f"; input {row['input']}." if "input" in row else ".") for row in rows)
    precision = "" if has_ap else " Average precision was not measured: it needs the pictures of the test data."
    bits = result["int8_bits"]
    weights = "8-bit weights" if bits == 8 else "7-bit weights, which processors without such instructions need"
    instructions = ("has" if device["int8_dot_product"] else "has no") + " dot products of 8-bit integers"
    reading = "\n".join(f"- {line}" for line in sentences(rows))
    return f"""# Benchmarks

This page compares edgepipe with the usual ways to run the same detector on the same video, in one run on one machine.
`Benchmarks/compare` measures and writes this page; other benchmarks are in [Benchmarks](../Benchmarks/README.md).

![Bars of frames a second, CPU time a frame and peak memory; the table below has the figures](benchmarks.svg)

{table(rows, has_ap)}

{reading}

{narrow_section(held, has_ap, result['answers_cpuid'])}## The programs

All programs read the clip, scale each frame, run `{result['model']}` on it and write the detections as one JSON line per frame,
at the same thresholds: score above {result['score']}, non-maximum suppression within each class at an IoU of {result['iou']}.

{programs}

The script is `Benchmarks/rivals/detect.py`: OpenCV reads and scales (bilinear, letterboxed to 416x416), NumPy decodes
the outputs, all in one loop, as in the libraries' examples. OpenVINO and ncnn run in
`Benchmarks/rivals/detect_async.py`, which does the same to the smallest input that holds the picture, with several
inferences at a time. ncnn has its first layer as one convolution of 6x6, since it cannot take every second pixel; its int8
tools are in no Python package, so it runs in float32.

The int8 models are calibrated on pictures of {result['calibration']}: edgepipe's by `edgepipe models compress --steps fusion,int8`,
OpenVINO's by NNCF as its documentation shows (mixed preset, accurate bias correction, 32 pictures), ONNX Runtime's by
`onnxruntime.quantization` (static, QDQ, per channel, activations in 8 bits with ranges from the 99.99th percentile of 20
pictures, {weights}).

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
- **AP**: average precision (IoU 0.50 to 0.95, by pycocotools) on 50 annotated pictures of COCO, of the whole program with
  its own scaling, at 416x416 for all, score above 0.001, suppression at an IoU of 0.65. Fifty pictures tell float from int8
  apart, not small differences.{precision}

## The machine

{device['processor'] or 'unknown processor'}, {device['cores']} cores ({instructions}), {device['memory_mb']:,} MB of
memory, {system_name()}; load average {result['load']:.2f} at the start.

{versions(result)}
- model `{result['model']}`, sha256 {result['sha256']}

## How to repeat the measurement

```sh
scripts/setup --benchmarks                           # the scripts' Python packages
samples/make                                         # the clip
swift build -c release --product edgepipe
.build/release/edgepipe models pull {result['model']}
Benchmarks/compare
```
"""


def drawing(rows):
    rows = [row for row in rows if not row["is_held"]]

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
