"""What does not depend on the processor: words, keys, exit codes, exact results. `golden check` compares it."""
import difflib
import hashlib
import json
import re

from . import inputs, live, masks

# What only some machines have, or only some moments.
_OF_THE_MACHINE = {"power", "sensors", "accelerators", "instruction_sets", "providers", "warnings", "notes", "others", "steal",
                   "instructions_per_frame", "cycles_per_frame", "load_average_before"}
# What was measured decides which values are null and which lists are empty: only the keys count.
_MEASURED = {"bottleneck", "timeline", "early_stopping_ms", "over_repeats", "metrics", "resources"}

SMALL = ("models", "compress", "small", "--calibration", "pictures", "--pictures", "2", "--skip-benchmark", "--steps")
# Detections that score more are written down, and who scores a little less on another processor may be missing.
SURE, MARGIN = {"objects": 0.9, "faces": 0.7}, 0.04


def keys(value, key=""):
    """The keys and types of a document, as every machine has them."""
    if key in _OF_THE_MACHINE:
        return "(of the machine)"
    if key in _MEASURED:
        return only_names(value[0] if key == "timeline" and value else value)
    if isinstance(value, dict):
        return {name: keys(one, name) for name, one in value.items()}
    return masks.list_shape(map(keys, value)) if isinstance(value, list) else masks.shape(value)


def only_names(value):
    return {name: only_names(one) for name, one in value.items()} if isinstance(value, dict) else "(measured)"


def only_keys(text):
    return masks.json_text(text, keys)


def nothing(_):
    return ""


def collect(program):
    """Everything, into `program.texts`."""
    program.write("small.cfg", inputs.Darknet().cfg)
    program.write("small.weights", inputs.Darknet().weights())
    program.write("small.names", "thing\nother\n")
    for number in range(1, 5):
        program.write(f"pictures/{number}.ppm", inputs.picture(number))
    models(program)
    helps(program, ())
    stages(program)
    validate(program)
    exits(program)
    synthetic(program)
    street(program)
    reports(program)
    live.collect(program)


def helps(program, command):
    """The help text of the command and, found in it, of all below it."""
    result = program.record("help/" + ("-".join(command) or "edgepipe"), *command, "--help")
    below = result.stdout.split("SUBCOMMANDS:\n")
    for name in re.findall(r"^  ([a-z][a-z-]*) ", below[1], re.MULTILINE) if len(below) > 1 else []:
        helps(program, (*command, name))


def stages(program):
    listed = program.record("stages/stages", "stages").stdout
    for name in re.findall(r"^((?:source|preprocess|detect|track|analytics|monitor|privacy|sink)\.\w+) ", listed, re.MULTILINE):
        program.record(f"stages/{name}", "stages", name)
    program.record("stages/schema", "schema")


def validate(program):
    program.write("good.json", inputs.GOOD)
    program.record("validate/good", "validate", "good.json")
    program.record("validate/good", "validate", "-", stdin=inputs.GOOD)
    program.record("validate/good", "validate", "good.json", "--set", "in.frames=5", "--set", "end.workers=1", "--control")
    if program.needs("validate/ready", models=("yolov3-tiny", "centerface")):
        for name in ("cameras", "faces-only", "objects-only", "two-streams", "zones"):
            program.record("validate/ready", "validate", f"pipelines/{name}.json")
    for name, text in inputs.BAD_PIPELINES.items():
        program.write(f"bad/{name}.json", text)
        program.record("validate/bad", "validate", f"bad/{name}.json")
    for setting in ("end.workers=0", "nobody.workers=2", "in.frames", "in.frames=few", "in.fraems=3", "end.after=[]"):
        program.record("validate/settings", "validate", "good.json", "--set", setting)
    program.record("validate/settings", "validate", "good.json", "--source", "clip.mp4")
    program.record("validate/settings", "validate", "good.json", "--source-list", "nowhere.txt")


def exits(program):
    """A status of each class, and what is said with it."""
    film = '{ "id": "in", "type": "source.ffmpeg", "config": { "url": "%s" } }'
    end = '{ "id": "end", "type": "sink.null", "after": ["in"] }'
    program.write("text.mp4", "This is no film.\n" * 20)
    program.write("text.json", inputs.pipeline(film % "text.mp4", end))
    program.write("missing.json", inputs.pipeline(film % "nowhere.mp4", end))
    program.write("some.json", inputs.pipeline(
        '{ "id": "in", "type": "source.ffmpeg", "config": { "streams": ['
        '{ "id": "a", "url": "pictures" }, { "id": "b", "url": "nowhere.mp4" }] } }', end))
    program.write("full.json", inputs.pipeline(
        inputs.SOURCE, '{ "id": "out", "type": "sink.jsonl", "after": ["in"], "config": { "path": "/dev/full" } }'))
    program.write("small.json", inputs.SMALL_PIPELINE)
    program.write("readings.csv", inputs.READINGS)
    program.write("costs.json", inputs.BAD_COSTS)
    program.write("bad.csv", "cores,watts\n1,x\n")
    program.write("text.trace", "{}\n")
    program.write("small.onnx", (program.store / "small/model.onnx").read_bytes()[:1000])
    for arguments in (
        ("run", "good.json", "--quiet"), ("run", "some.json", "--quiet"), ("run",), ("run", "good.json", "--qiet"),
        ("rum",), ("run", "text.json", "--quiet"), ("run", "missing.json", "--quiet"), ("run", "nowhere.json"),
        ("run", "small.json", "--quiet", "--onnxruntime", "nowhere.so"), ("run", "full.json", "--quiet"),
        ("run", "good.json", "--quiet", "--report", "/dev/full"), ("run", "good.json", "--quiet", "--record", "/dev/full"),
        ("run", "good.json", "--report", "good.json"), ("run", "bad/unknown-type.json"), ("run", "good.json", "--metrics", "x"),
        ("run", "good.json", "--power-profile", "nothing"), ("replay", "nowhere.trace"), ("replay", "text.trace"),
        ("ctl", "list"), ("ctl", "list", "--control", "nowhere.sock"), ("ctl", "add-stream", "a"),
        ("profile", "nowhere.json"), ("profile", "good.json", "--trace-seconds", "-1"),
        ("bench", "nothing"), ("bench", "small", "--batch", "0"), ("bench", "small", "--input", "7x"),
        ("ab", "small", "nothing", "--source", "pictures"), ("ab", "small", "small"),
        ("tune", "good.json"), ("tune", "good.json", "--deadline", "0"),
        ("tune", "good.json", "--deadline", "50", "--floor", "F1=2"), ("schema", "more"), ("stages", "detect.yol"),
        ("models", "info", "nothing"), ("models", "pull", "nothing"), ("models", "verify", "nothing"),
        ("models", "import", "nowhere.onnx"), ("models", "import", "small.onnx"),
        ("models", "import", "small.onnx", "--name", "cut"),
        ("models", "import", "text.mp4"),
        ("models", "import", "--cfg", "small.cfg"),
        ("models", "import", "--cfg", "text.mp4", "--weights", "small.weights", "--name", "cut"),
        ("models", "import", "--cfg", "small.cfg", "--weights", "small.cfg", "--name", "cut"),
        ("models", "eval", "small", "--coco", "nowhere.json", "--images", "pictures"), ("models", "eval", "small"),
        ("models", "compress", "small"), ("models", "compress", "small", "--calibration", "nowhere"),
        (*SMALL, "fussion"), (*SMALL, "weight-sharing=1"), (*SMALL, "fusion", "--target", "nothing"),
        (*SMALL, "fusion", "--clip", "1"), (*SMALL, "fusion", "--name", "small"),
        ("models", "prune", "small", "--calibration", "pictures", "--ratio", "2"), ("models", "prune", "small"),
        ("devices", "calibrate", "nowhere.csv"), ("devices", "calibrate", "bad.csv"), ("tco",), ("tco", "costs.json"),
        ("tco", "nowhere.json"), ("tco", "costs.json", "--report", "nothing"),
    ):
        program.record("exits", *arguments, errors=masks.log if arguments[0] == "run" else str)


def synthetic(program):
    """A run without pictures or models, recorded and replayed."""
    program.write("synthetic.json", inputs.SYNTHETIC)
    program.record(
        "synthetic/run", "run", "synthetic.json", "--report", "out/run.json", "--record", "out/run.trace", output=masks.words,
        errors=masks.log)
    program.keep("synthetic/report", only_keys(program.read("out/run.json")))
    program.keep("synthetic/results", masks.json_lines(program.read("out/synthetic.jsonl")))
    live.trace(program, "synthetic/trace", "out/run.trace")
    program.record(
        "synthetic/replay", "replay", "out/run.trace", "--set", "out.path=out/again.jsonl", "--report", "out/replay.json",
        output=masks.words, errors=masks.log)
    same = program.read("out/again.jsonl") == program.read("out/synthetic.jsonl")
    program.keep("synthetic/replay", f"results as in the run: {same}\n")
    replayed = only_keys(program.read("out/replay.json"))
    program.keep("synthetic/replay", "".join(difflib.unified_diff(
        only_keys(program.read("out/run.json")).splitlines(True), replayed.splitlines(True), "run", "replay", n=0)))
    program.record(
        "synthetic/run-json", "run", "synthetic.json", "--json", errors=masks.log,
        output=lambda text: f"as in the report: {only_keys(text) == only_keys(program.read('out/run.json'))}\n")
    program.record("synthetic/run-quiet", "run", "synthetic.json", "--quiet", errors=masks.log)
    program.record("synthetic/run-verbose", "run", "synthetic.json", "--verbose", output=nothing, errors=masks.log)


def street(program):
    """Models on pictures: the forms of results and events, and a few results that no processor can miss."""
    if not program.needs("street/", models=("yolov3-tiny", "centerface"), files=("samples/street-1080p.mp4",)):
        return
    program.write("street.json", inputs.STREET)
    program.record("street/run", "run", "street.json", "--report", "out/street-report.json", output=nothing)
    program.keep("street/report", only_keys(program.read("out/street-report.json")))
    lines = [json.loads(line) for line in program.read("out/street.jsonl").splitlines()]
    index = [json.loads(line) for line in program.read("out/pictures/index.jsonl").splitlines()]
    forms = {}
    for line in lines + index:
        kind = line.get("kind", line["type"])
        forms[kind] = masks.merged(forms[kind], keys(line)) if kind in forms else keys(line)
    # Which of its keys comes first depends on what is found.
    program.keep("street/forms", json.dumps(forms, indent=1, sort_keys=True))
    for stage in SURE:
        program.keep(f"street/{stage}", "".join(sorted(sure(lines, stage))))


def sure(lines, stage):
    for line in lines:
        for one in line["detections"] if line["type"] == "frame" and line["frame"] % 30 == 0 else []:
            if one["stage"] == stage and one["score"] > SURE[stage] and not one.get("predicted"):
                box = " ".join(f"{one['box'][key]:.1f}" for key in ("x", "y", "width", "height"))
                yield f"{line['frame']} {one['label']} {one['score']:.2f} {box}\n"


def are_close(stage, text, other):
    """Whether two lists of sure detections are the same but for what processors and encoders do differently."""
    def parse(line):
        frame, label, *numbers = line.split()
        return (frame, label), [float(number) for number in numbers]

    def is_close(one, two):
        return one[0] == two[0] and abs(one[1][0] - two[1][0]) <= MARGIN \
            and all(abs(a - b) <= 5 for a, b in zip(one[1][1:], two[1][1:]))

    first, second = [[parse(line) for line in one.splitlines()] for one in (text, other)]
    return all(
        one[1][0] <= SURE[stage] + MARGIN or any(is_close(one, two) for two in there)
        for here, there in ((first, second), (second, first)) for one in here)


def models(program):
    """A model of our own, and the steps whose arithmetic is the same everywhere."""
    program.record(
        "models/import", "models", "import", "--cfg", "small.cfg", "--weights", "small.weights", "--names", "small.names",
        "--name", "small")
    program.record("models/info", "models", "info", "small", "--json")
    program.record("models/info", "models", "info", "small")
    for step in ("fusion", "float16", "rectangular=1.78"):
        program.record("models/compress", *SMALL, step, "--name", "small-" + step.split("=")[0], output=masks.words)
    program.record(
        "models/compress-json", *SMALL, "fusion,int8", "--name", "small-int8", "--json", output=only_keys, errors=masks.words)
    program.record("models/verify", "models", "verify")
    for name in ("small", "small-fusion", "small-float16", "small-rectangular"):
        bytes_of(program, "models/bytes", name)
    program.record("models/list-keys", "models", "list", "--json", output=only_keys)


def bytes_of(program, text, name):
    """The manifest of an installed model, and the sha256 of its file."""
    folder = program.store / name
    for file in sorted(folder.glob("*.onnx")):
        program.keep(text, f"{name}/{file.name} sha256 {hashlib.sha256(file.read_bytes()).hexdigest()}\n")
    program.keep(text, (folder / "manifest.json").read_text() if folder.exists() else f"{name} is not there\n")


def reports(program):
    """What the other commands print."""
    program.write("readings.csv", inputs.READINGS)
    program.record("reports/devices-calibrate", "devices", "calibrate", "readings.csv", "--output", "out/profile.json")
    program.keep("reports/devices-calibrate", program.read("out/profile.json"))
    example = program.record("reports/tco-example", "tco", "--example").stdout
    program.write("example.json", example)
    program.record("reports/tco", "tco", "example.json")
    program.record("reports/tco-json", "tco", "example.json", "--json")
    program.write("found.json", inputs.PREDICTIONS)
    program.write("truth.json", inputs.ANNOTATIONS)
    evaluated = ("models", "eval", "--from-predictions", "found.json", "--coco", "truth.json")
    program.record("reports/eval", *evaluated, "--json")
    program.record("reports/eval", *evaluated)
    program.record("reports/devices", "devices", "--json", output=lambda text: "".join(f"{key}\n" for key in json.loads(text)))
    program.record(
        "reports/bench", "bench", "small", "--batch", "1", "--runs", "4", "--warm-up", "1", "--repeats", "2", "--json",
        output=only_keys)
    program.record(
        "reports/profile", "profile", "synthetic.json", "--report", "out/profile-report.json", "--html", "out/profile.html",
        "--trace", "out/threads.json", output=nothing, errors=masks.log)
    profile = json.loads(program.read("out/profile-report.json"))
    program.keep("reports/profile", masks.pretty({"keys": list(profile), "profile": keys(profile["profile"])}))
