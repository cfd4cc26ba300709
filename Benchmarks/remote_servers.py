"""Servers and networks for the benchmarks of models on other machines."""
import json
import pathlib
import subprocess
import sys

import bench

SIZE = (256, 416)
SERVED = bench.ROOT / "Tests/PipelineTestSupport/inference_servers.py"
WIRE = bench.ROOT / "scripts/faults/wire.py"


class Helper:
    """A program that says `ready`, obeys lines, and ends with its standard input."""

    def __init__(self, core, *command):
        self.process = subprocess.Popen(
            ["taskset", "-c", str(core), *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            bench.fail(f"{command[1]} says {line!r}", "scripts/setup --tests installs the servers")
        self.said = line.removeprefix("ready ").strip()

    def ask(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def wire(core, port):
    """A network before a port; its first word is the port that it listens on."""
    return Helper(core, sys.executable, WIRE, port)


def freed_model():
    """The float model for pictures of the clip's shape, as any ONNX Runtime takes it."""
    target = bench.WORK / "yolox-nano-256x416.onnx"
    source = bench.DATA / "models/yolox_nano.onnx"
    if not source.exists():
        bench.fail(f"{source} is not there", "set EDGEPIPE_TEST_DATA")
    script = (
        "import onnx, sys\n"
        "m = onnx.load(sys.argv[1])\n"
        "d = m.graph.input[0].type.tensor_type.shape.dim\n"
        f"d[2].dim_value, d[3].dim_value = {SIZE[0]}, {SIZE[1]}\n"
        "o = m.graph.output[0].type.tensor_type.shape.dim[1]\n"
        "o.ClearField('dim_value'); o.dim_param = 'n'\n"
        "del m.graph.value_info[:]\n"
        "onnx.save(m, sys.argv[2])\n")
    subprocess.run([bench.ROOT / ".deps/python/bin/python", "-c", script, source, target], check=True)
    return target


def triton(core, name, element, file=None, sleep=0):
    """A real Triton that has the model `objects`: a file, or none, which answers nothing found after `sleep` seconds."""
    folder = bench.WORK / f"served-{name}"
    subprocess.run(["rm", "-rf", folder], check=True)
    folder.mkdir(parents=True)
    count = SIZE[0] * SIZE[1] * 21 // 1024
    models = [{
        "name": "objects", "file": file and str(file),
        "input": {"name": "images", "datatype": element, "shape": [1, 3, *SIZE]},
        "outputs": [{"name": "output", "datatype": "FP32", "shape": [1, count, 85]}], "sleep": sleep}]
    return Helper(core, "/usr/bin/python3", SERVED, "triton", folder, json.dumps(models))


def http_port(server):
    return json.loads(server.said)["http"]


def tritons():
    """The processes of all servers of this kind that this user runs."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if words and words[0].endswith(b"tritonserver") and str(bench.WORK).encode() in b" ".join(words):
            found.append(int(entry.name))
    return found
