"""What belongs to one machine: exact scores and model bytes, and commands that run too long for every test run."""
import hashlib
import json
import os
import pathlib
import re

from . import inputs, live, masks, portable
from .program import ROOT

FILM = "samples/street-1080p.mp4"


def collect(program):
    # First, since tuning tries all models of the store that find the same things.
    judgements(program)
    ready(program)
    options(program)
    small_models(program)
    store_models(program)
    evaluation(program)


def run(program, name, pipeline, *arguments, sinks=()):
    """A run with its results, its report and its summary. File sources wait, so that no frame is lost."""
    report = f"out/{name}.report.json"
    program.record(f"{name}/summary", "run", pipeline, "--report", report, *arguments, output=masks.words, errors=masks.log)
    program.keep(f"{name}/report", masks.json_text(program.read(report)))
    for sink in sinks:
        path = program.folder / sink
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.suffix == ".jsonl":
                program.keep(f"{name}/results", masks.json_lines(file.read_text(encoding="utf-8")))
            else:
                program.keep(f"{name}/files", f"{file.name} {digest(file)}\n")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "is not there"


def ready(program):
    """Each pipeline that comes with the program."""
    some = ("--set", "camera.maxFrames=40")
    for name, models, arguments, sinks in (
        ("smart-camera", ["yolov3-tiny-int8", "centerface"], some, ["events.jsonl", "annotated.mp4"]),
        ("smart-camera-nano", ["yolox-nano", "retinaface-mnet025"], some, ["events.jsonl", "annotated.mp4"]),
        ("faces-only", ["centerface"], ("--set", "camera.maxFrames=170", "--set", "faces.interval=10"), ["faces.jsonl"]),
        ("objects-only", ["yolov3-tiny"], some, ["objects.jsonl"]),
        ("two-streams", ["yolov3-tiny"], ("--set", "yard.maxFrames=20", "--set", "gate.maxFrames=20"), ["two-streams.jsonl"]),
        ("zones", ["yolov3-tiny"], ("--set", "camera.maxFrames=320", "--set", "objects.interval=5", "--set", "zones.dwellS=1",
          "--set", "events.frames=events"),
         ["zones.jsonl", "zones.mp4"]),
        # A camera would lose frames on a busy machine; the film as a file loses none.
        ("cameras", ["yolov3-tiny"], ("--set", "camera.realtime=false", *some), ["cameras.jsonl"]),
    ):
        if program.needs(f"ready/{name}", models, [FILM]):
            run(program, f"ready/{name}", f"pipelines/{name}.json", *arguments, sinks=[f"out/{sink}" for sink in sinks])


def options(program):
    """Stages with other options than the ready pipelines have, and a trace of decoded pictures."""
    if not program.needs("options/", ["yolov3-tiny", "yunet-n"], [FILM]):
        return
    program.write("options.json", inputs.OPTIONS)
    run(program, "options/run", "options.json", "--record", "out/options.trace", sinks=[
        "out/options.jsonl", "out/options-events.jsonl", "out/options-pictures", "out/options-camera.mp4"])
    replayed = ("--set", "out.path=out/again.jsonl", "--set", "events.path=out/again-events.jsonl",
                "--set", "pictures.folder=out/again", "--set", "video.path=out/again-{stream}.mp4")
    program.record("options/replay", "replay", "out/options.trace", *replayed, output=masks.words, errors=masks.log)
    for then, now in (("options.jsonl", "again.jsonl"), ("options-events.jsonl", "again-events.jsonl")):
        same = program.read(f"out/{then}") == program.read(f"out/{now}")
        program.keep("options/replay", f"{then} as in the run: {same}\n")
    live.trace(program, "options/trace", "out/options.trace")
    program.record(
        "options/standard-output", "run", "small.json", "--quiet", "--set", "out.path=-", output=masks.json_lines)
    program.record("options/json", "run", "small.json", "--json", output=masks.json_text)


def small_models(program):
    """Every compression step on a network that is small enough for a debug build."""
    network = inputs.Darknet(more=2, is_plain=True)
    program.write("deep.cfg", network.cfg)
    program.write("deep.weights", network.weights())
    for number in range(1, 17):
        program.write(f"more/{number:02}.ppm", inputs.picture(number))
    program.record("small/import", "models", "import", "--cfg", "deep.cfg", "--weights", "deep.weights", "--names",
                   "small.names", "--name", "deep")
    compress = ("models", "compress", "deep", "--calibration", "more", "--skip-benchmark", "--json", "--pictures")
    for steps, pictures in (
        ("fusion", 2), ("fusion,int8", 4), ("int8-fast", 2), ("int8-portable=4", 2), ("float16", 2), ("weight-sharing=16", 2),
        ("rectangular=1.78", 2), ("structured-pruning=0.2", 6), ("unstructured-pruning=0.4,distillation", 6),
        ("int8,weight-sharing=8", 2)):
        name = "deep-" + "".join(one if one.isalnum() else "-" for one in steps)
        program.record(
            f"small/{name}", *compress, pictures, "--steps", steps, "--name", name, output=masks.json_text, errors=masks.log)
        portable.bytes_of(program, f"small/{name}", name)
    program.record(
        "small/planned", *compress, 2, "--target", "jetson-agx-orin", "--name", "deep-planned", "--max-drop", "100",
        output=planned, errors=masks.log)
    program.record("small/again", *compress, 2, "--steps", "fusion", "--name", "deep-fusion", "--if-changed")
    for method, importance in (("structured", "l2"), ("unstructured", "reconstruction")):
        name = f"deep-{method}-{importance}"
        program.record(
            f"small/{name}", "models", "prune", "deep", "--calibration", "more", "--pictures", "8", "--ratio", "0.3",
            "--method", method, "--importance", importance, "--skip-benchmark", "--name", name, "--json",
            output=masks.json_text, errors=masks.log)
        portable.bytes_of(program, f"small/{name}", name)
    program.record("small/list", "models", "list", "--json", output=masks.json_text)
    program.record("small/list", "models", "list")


def planned(text):
    """Which steps a plan tried. Which of them stay, measured times decide."""
    report = json.loads(text)
    return masks.pretty([rung["step"] for rung in report["ladder"]] + [portable.keys(report["plan"])])


def store_models(program):
    """The graph passes on real models, and one of them in integers."""
    for name, steps in (("yolox-nano", "fusion"), ("yolox-nano", "float16"), ("yolox-nano", "fusion,int8"),
                        ("retinaface-mnet025", "fusion"), ("yunet-n", "fusion"), ("centerface", "fusion")):
        if program.needs(f"store/{name}", [name], [FILM]):
            new = f"{name}-{steps.replace(',', '-')}-golden"
            program.record(
                f"store/{name}", "models", "compress", name, "--calibration", "pictures", "--pictures", "1", "--skip-benchmark",
                "--steps", steps, "--name", new, output=masks.words, errors=masks.log)
            portable.bytes_of(program, f"store/{name}", new)
            program.record(f"store/{name}", "models", "info", name)


def test_data():
    return pathlib.Path(os.environ.get("EDGEPIPE_TEST_DATA") or ROOT / "../shared").resolve()


def evaluation(program):
    folder = test_data() / "data/coco50"
    if not program.needs("evaluation/", ["yolox-nano"], [folder / "instances.json"]):
        return
    (program.folder / "coco").symlink_to(folder)
    evaluated = ("models", "eval", "yolox-nano", "--coco", "coco/instances.json", "--images", "coco/images")
    program.record("evaluation/json", *evaluated, "--predictions", "out/found.json", "--plot", "out/curve.svg", "--json",
                   output=masks.json_text, errors=masks.log)
    found = json.loads(program.read("out/found.json"))
    program.keep("evaluation/predictions", "".join(json.dumps(one) + "\n" for one in found[:200]))
    for name in ("found.json", "curve.svg"):
        program.keep("evaluation/files", f"{name} {digest(program.folder / 'out' / name)}\n")
    program.record("evaluation/text", "models", "eval", "--from-predictions", "out/found.json", "--coco", "coco/instances.json")


def judgements(program):
    """Commands that measure: their keys, and the shape of what they print."""
    program.record("judged/devices", "devices", "--json", output=masks.json_text)
    program.record("judged/devices", "devices", output=masks.words)
    bench = ("bench", "small", "--input", "square,auto", "--batch", "1,2", "--threads", "1,2", "--runs", "4", "--batches", "2",
             "--warm-up", "1", "--repeats", "2", "--markdown", "out/bench.md", "--csv", "out/bench.csv", "--decode", "--json")
    program.record("judged/bench", *bench, output=portable.only_keys, errors=portable.nothing)
    program.keep("judged/bench", program.read("out/bench.csv").split("\n", 1)[0] + "\n")
    program.keep("judged/bench", "".join(
        line + "\n" for line in program.read("out/bench.md").splitlines() if line.startswith("#")))
    ab = ("ab", "small", "small-int8", "--source", "pictures", "--repeats", "2", "--rounds", "1", "--frames", "4")
    program.record("judged/ab", *ab, "--json", output=portable.only_keys, errors=portable.nothing)
    # A deadline that even a busy machine keeps.
    tune = ("tune", "small.json", "--deadline", "60000", "--seconds", "0.3", "--source", FILM, "--output", "out/tuned.json",
            "--json", "--max-interval", "1")
    program.record("judged/tune", *tune, errors=portable.nothing,
                   output=lambda text: masks.pretty(portable.only_names(json.loads(text)[0])))
    program.keep("judged/tune", masks.json_text(program.read("out/tuned.json"), portable.only_names))
    program.write("costs.json", inputs.COSTS)
    program.record("judged/tco", "tco", "costs.json", "--report", "here=out/run.json", "--json", output=portable.only_keys)
    events = json.loads(program.read("out/threads.json"))
    program.keep("judged/threads", "".join(f"{one}\n" for one in sorted(
        {json.dumps(masks.shape(event), sort_keys=True) for event in events["traceEvents"]})))
    page = program.read("out/profile.html")
    program.keep("judged/page", "".join(
        f"{one}\n" for one in re.findall(r'<h[1-3][^>]*>[^<]*|<th scope="col"[^>]*>[^<]*', page)))
