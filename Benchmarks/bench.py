"""What the benchmarks share: where things are, the pipeline that they run, and running it."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "out" / "bench"
DATA = pathlib.Path(os.environ.get("EDGEPIPE_TEST_DATA", ROOT.parent / "shared"))


def fail(message, remedy=None):
    print(f"error: {message}", file=sys.stderr)
    if remedy:
        print(f"       {remedy}", file=sys.stderr)
    sys.exit(69)


def parser(text):
    """A parser with the options that every benchmark has."""
    options = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--edgepipe", default=str(ROOT / ".build/release/edgepipe"), help="the program to measure")
    options.add_argument("--model", default="yolox-nano", help="a name in the model store or a path (%(default)s)")
    options.add_argument("--workers", type=int, default=2, help="detector sessions (%(default)s)")
    options.add_argument("--json", metavar="FILE", help="also write the figures here")
    return options


def prepare(options):
    WORK.mkdir(parents=True, exist_ok=True)
    if not os.access(options.edgepipe, os.X_OK):
        fail(f"{options.edgepipe} is not there", "build it: swift build -c release --product edgepipe")


def prepare_service(options):
    """Both programs of a service: `edgepipe serve` becomes the `edgepiped` that lies beside it."""
    prepare(options)
    supervisor = pathlib.Path(options.edgepipe).resolve().with_name("edgepiped")
    if not os.access(supervisor, os.X_OK):
        fail(f"{supervisor} is not there", "build it: swift build -c release --product edgepiped")


def service_url(service):
    """The address that a starting `edgepipe serve` says it listens on, from its standard error."""
    said = []
    for line in service.stderr:
        said.append(line)
        if found := re.search(r"(http://[^/]+)/v1/", line):
            return found[1]
    fail(f"the service did not start: {''.join(said).strip()}")


def save(options, figures):
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")


def ffmpeg(target, *arguments):
    """Makes a file with ffmpeg; it is whole or absent."""
    part = target.with_name("part-" + target.name)
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments), str(part)], check=True)
    part.rename(target)


def default_clip():
    """A 1080p clip: made from the test data's traffic scene where that is there, otherwise the sample."""
    scene = DATA / "data/video/car-detection.mp4"
    if scene.exists():
        clip = WORK / "car1080.mp4"
        if not clip.exists():
            print(f"making {clip.relative_to(ROOT)}", flush=True)
            ffmpeg(clip, "-i", scene, "-an", "-vf", "scale=1920:1080:flags=lanczos,fps=30",
                   "-c:v", "libx264", "-preset", "medium", "-crf", "23", "-t", "20")
        return clip
    sample = ROOT / "samples/street-1080p.mp4"
    if not sample.exists():
        fail(f"{sample} is not there", "make it: samples/make")
    return sample


def pipeline(name, clip, options, shape, source=None, **detector):
    """Writes a pipeline (source, letterbox, detector, JSON Lines) and returns its path and that of its results.

    `source` has options of the source beside its url, `detector` those of the detector.
    """
    events = WORK / f"{name}.jsonl"
    stages = [
        {"id": "camera", "type": "source.ffmpeg", "config": {"url": str(clip), **(source or {})}},
        {"id": "scale", "type": "preprocess.letterbox", "after": ["camera"], "config": {"for": ["objects"]}},
        {"id": "objects", "type": "detect.yolo", "after": ["scale"], "workers": options.workers,
         "config": {"model": options.model, "shape": shape, "score": 0.3, "iou": 0.45, **detector}},
        {"id": "events", "type": "sink.jsonl", "after": ["objects"], "config": {"path": str(events)}},
    ]
    path = WORK / f"{name}.json"
    path.write_text(json.dumps({"version": 1, "name": name, "stages": stages}, indent=2) + "\n")
    return path, events


def run(options, path, watch=None, environment=None):
    """Runs a pipeline to its end and returns its report with the whole process's wall time, CPU time and peak memory.

    `watch(pid)` is called again and again while it runs; `environment` has variables that the program gets as well.
    """
    report = path.with_suffix(".report.json")
    report.unlink(missing_ok=True)
    started = time.monotonic()
    process = subprocess.Popen([options.edgepipe, "run", str(path), "--quiet", "--report", str(report)], cwd=ROOT,
                               env=os.environ | (environment or {}))
    while watch and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        watch(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        fail(f"edgepipe run {path} ended with {process.returncode}")
    figures = json.loads(report.read_text())
    if not figures["ledger"]["balanced"]:
        fail(f"the ledger of {path} does not balance: {figures['ledger']}")
    figures["process"] = {
        "wall_s": time.monotonic() - started,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_rss_mb": usage.ru_maxrss / 1024,
    }
    return figures


def overhead(figures):
    """The share of the run's CPU time that is neither decoding, scaling nor inference; opening the models is left out.

    What the graph itself costs on every thread, the whole of the other stages, and threads that are no stage's.
    """
    working = ("source.", "preprocess.", "detect.")
    stages = figures["stages"].values()
    startup = sum(stage["startup_cpu_ms"] for stage in stages)
    total = figures["process"]["cpu_s"] * 1000 - startup
    useful = sum(
        max(0, stage["cpu_ms"] - stage["startup_cpu_ms"] - stage["framework_cpu_ms"])
        for stage in stages if stage["type"].startswith(working)
    )
    return {"cpu_ms_per_frame": total / figures["ledger"]["delivered"], "share": 1 - useful / total}


def frames(events):
    """The detections of each frame of a results file, in order."""
    with open(events, encoding="utf-8") as lines:
        return [row["detections"] for row in map(json.loads, lines) if row["type"] == "frame"]


def overlap(a, b):
    """Intersection over union of two boxes."""
    width = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    height = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a["width"] * a["height"] + b["width"] * b["height"] - shared)


def f1(ones, others, iou):
    """How well the detections of two programs agree, frame by frame: of the same class, with at least `iou`."""
    agreeing = 0
    for mine, theirs in zip(ones, others, strict=True):
        free = list(theirs)
        for detection in sorted(mine, key=lambda d: -d["score"]):
            same = [i for i, other in enumerate(free) if other["class"] == detection["class"]]
            best = max(((overlap(detection["box"], free[i]["box"]), i) for i in same), default=(0.0, -1))
            if best[0] >= iou:
                free.pop(best[1])
                agreeing += 1
    counts = [sum(map(len, frames)) for frames in (ones, others)]
    return {"detections": counts[0], "f1": 2 * agreeing / sum(counts) if sum(counts) else 1.0}
