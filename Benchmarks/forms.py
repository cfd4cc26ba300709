"""The other forms of the model that Benchmarks/compare runs. Each is made once for all that it is made from."""
import hashlib
import pathlib
import subprocess
import sys

import bench
from programs import RIVALS, last_line

REQUIREMENTS = bench.ROOT / "scripts/requirements-benchmarks.txt"


def _target(name, ending, files, words):
    content = hashlib.sha256(" ".join(map(str, words)).encode())
    for file in files:
        parts = sorted(file.iterdir()) if file.is_dir() else [file]
        for part in parts:
            # In pieces: what this process ever held counts as memory of the programs that it starts.
            with open(part, "rb") as opened:
                content.update(hashlib.file_digest(opened, "sha256").digest())
    return bench.WORK / f"{name}-{content.hexdigest()[:16]}{ending}"


def _make(what, command):
    print(f"making {what}", flush=True)
    result = subprocess.run(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=bench.ROOT)
    if result.returncode != 0:
        print(f"error: {what} cannot be made: {last_line(result.stderr)}", file=sys.stderr)


def _by_script(options, what, name, ending, script, inputs, *arguments):
    """What a script of the rivals makes: SCRIPT INPUTS... TARGET ARGUMENTS..."""
    target = _target(name, ending, [*inputs, RIVALS / script, RIVALS / "yolox.py", REQUIREMENTS], arguments)
    if not target.exists():
        _make(what, [options.python, RIVALS / script, *inputs, target, *arguments])
    return target


def onnxruntime_int8(options, model, pictures, has_dot_product):
    more = [] if has_dot_product else ["--reduce-range"]
    return _by_script(
        options, "ONNX Runtime's int8 model", "ort-int8", ".onnx", "quantize.py", [model, pictures], *more)


def openvino_int8(options, model, pictures):
    return _by_script(
        options, "OpenVINO's int8 model", "openvino-int8", ".xml", "quantize_openvino.py", [model, pictures])


def ncnn(options, model, height):
    return _by_script(
        options, "ncnn's model", "ncnn", ".param", "convert_ncnn.py", [model], "--height", height)


def edgepipe_int8(options, model, pictures):
    """The manifest of edgepipe's own int8 form."""
    folder = _target("edgepipe-int8", "", [model, pictures, pathlib.Path(options.edgepipe)], [])
    manifest = folder / "int8/manifest.json"
    if not manifest.exists():
        _make("edgepipe's int8 model", [
            options.edgepipe, "models", "compress", options.model, "--calibration", pictures, "--steps", "fusion,int8",
            "--skip-benchmark", "--name", "int8", "--output", folder])
    return manifest


def versions(options):
    """Of the packages that make the forms."""
    names = ("onnx", "nncf", "pnnx")
    text = f"import importlib.metadata as m; print(*map(m.version, {names}))"
    result = subprocess.run([options.python, "-c", text], stdout=subprocess.PIPE, text=True)
    return dict(zip(names, result.stdout.split()))
