#!/usr/bin/env python3
"""Real servers of the open inference protocol for tests and benchmarks, on free ports of 127.0.0.1.

usage: inference_servers.py triton FOLDER MODELS [--tls CERTIFICATE KEY AUTHORITY]
       inference_servers.py mlserver FOLDER MODELS
       inference_servers.py tls PORT CERTIFICATE KEY [AUTHORITY] [--old]

MODELS is JSON: a list of {"name", "file", "input": {"name", "datatype", "shape"}, "outputs": [...], "sleep"}; the file is an
ONNX model, or null for outputs that are all 0.5. An input of type BYTES is a JPEG, which the model gets as pixels. FOLDER
gets what the server needs. With --tls gRPC asks for clients' certificates. `tls` puts TLS 1.3 (--old: 1.2) before a port.

Prints `ready` and the ports as JSON, and ends with its standard input.
"""
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SERVERS = ROOT / ".deps/servers"
PACKAGES = SERVERS / "lib/python3.11/site-packages"
READY_S = 90

RUNNER = '''
import io, json, os, time
import numpy as np
TYPES = {"UINT8": np.uint8, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "INT8": np.int8,
         "INT16": np.int16, "INT32": np.int32, "INT64": np.int64}
class Runner:
    def __init__(self, path):
        self.settings = json.load(open(path, encoding="utf-8"))
        self.session = None
        if self.settings["file"]:
            import onnxruntime
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            self.session = onnxruntime.InferenceSession(self.settings["file"], options, ["CPUExecutionProvider"])
    def picture(self, file):
        from PIL import Image
        pixels = np.asarray(Image.open(io.BytesIO(bytes(file))).convert("RGB"))
        return pixels.transpose(2, 0, 1)[None]
    def run(self, value):
        time.sleep(self.settings.get("sleep", 0))
        outputs = self.settings["outputs"]
        if value.dtype == object:
            value = self.picture(value.reshape(-1)[0])
        if self.session is None:
            results = [np.full([max(1, size) for size in output["shape"]], 0.5) for output in outputs]
        else:
            wanted = self.session.get_inputs()[0]
            kind = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}[wanted.type]
            results = self.session.run([output["name"] for output in outputs], {wanted.name: value.astype(kind)})
        return [result.astype(TYPES[output["datatype"]]) for result, output in zip(results, outputs)]
'''

TRITON = RUNNER + '''
import triton_python_backend_utils as pb
class TritonPythonModel:
    def initialize(self, args):
        folder = os.path.join(args["model_repository"], args["model_version"])
        self.runner = Runner(os.path.join(folder, "model.json"))
    def execute(self, requests):
        settings, answers = self.runner.settings, []
        for request in requests:
            value = pb.get_input_tensor_by_name(request, settings["input"]["name"]).as_numpy()
            results = self.runner.run(value)
            answers.append(pb.InferenceResponse([
                pb.Tensor(output["name"], result) for output, result in zip(settings["outputs"], results)]))
        return answers
'''

MLSERVER = RUNNER + '''
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse, MetadataTensor
class OnnxRuntime(MLModel):
    async def load(self):
        self.runner = Runner(self.settings.parameters.uri)
        settings = self.runner.settings
        self.inputs = [MetadataTensor(**settings["input"])]
        self.outputs = [MetadataTensor(**output) for output in settings["outputs"]]
        return True
    async def predict(self, request):
        results = self.runner.run(NumpyCodec.decode_input(request.inputs[0]))
        return InferenceResponse(
            model_name=self.name, model_version=self.version, id=request.id,
            outputs=[NumpyCodec.encode_output(output["name"], result)
                     for output, result in zip(self.runner.settings["outputs"], results)])
'''


def free_ports(count):
    """Ports that nobody had a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def tensors(kind, items):
    return f"{kind} [" + ",".join(
        f' {{ name: "{item["name"]}" data_type: '
        f'{"TYPE_STRING" if item["datatype"] == "BYTES" else "TYPE_" + item["datatype"]} dims: {item["shape"]} }}'
        for item in items) + " ]\n"


def triton(folder, models, tls):
    tree = PACKAGES / "pytriton/tritonserver"
    backend = folder / "backends/python"
    shutil.copytree(tree / "backends/python", backend)
    shutil.copy(tree / "python_backend_stubs/3.11/triton_python_backend_stub", backend)
    for model in models:
        place = folder / "models" / model["name"]
        (place / "1").mkdir(parents=True)
        (place / "config.pbtxt").write_text(
            f'name: "{model["name"]}"\nbackend: "python"\nmax_batch_size: 0\n' + tensors("input", [model["input"]])
            + tensors("output", model["outputs"]) + "instance_group [ { kind: KIND_CPU count: 1 } ]\n")
        (place / "1/model.json").write_text(json.dumps(model))
        (place / "1/model.py").write_text(TRITON)
    http, grpc, metrics = free_ports(3)
    command = [
        tree / "bin/tritonserver", f"--model-repository={folder}/models", f"--backend-directory={folder}/backends",
        "--http-address=127.0.0.1", f"--http-port={http}", "--grpc-address=127.0.0.1", f"--grpc-port={grpc}",
        "--metrics-address=127.0.0.1", f"--metrics-port={metrics}", "--disable-auto-complete-config"]
    if tls:
        command += ["--grpc-use-ssl=1", "--grpc-use-ssl-mutual=1", f"--grpc-server-cert={tls[0]}",
                    f"--grpc-server-key={tls[1]}", f"--grpc-root-cert={tls[2]}"]
    # The stub that runs models finds its Python by the PATH.
    environment = dict(os.environ, LD_LIBRARY_PATH=str(PACKAGES / "nvidia_pytriton.libs"),
                       PATH=f"{SERVERS}/bin:{os.environ['PATH']}")
    return command, environment, {"http": http, "grpc": grpc, "metrics": metrics}


def mlserver(folder, models):
    (folder / "runner.py").write_text(MLSERVER)
    for model in models:
        place = folder / model["name"]
        place.mkdir()
        (place / "model.json").write_text(json.dumps(model))
        (place / "model-settings.json").write_text(json.dumps(
            {"name": model["name"], "implementation": "runner.OnnxRuntime", "parameters": {"uri": f"{place}/model.json"}}))
    http, grpc, metrics = free_ports(3)
    (folder / "settings.json").write_text(json.dumps(
        {"host": "127.0.0.1", "http_port": http, "grpc_port": grpc, "metrics_port": metrics, "parallel_workers": 0}))
    environment = dict(os.environ, PYTHONPATH=str(folder), PATH=f"{SERVERS}/bin:{os.environ['PATH']}")
    return [SERVERS / "bin/mlserver", "start", folder], environment, {"http": http, "grpc": grpc}


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


class Server:
    """A server that is ready; its end is `close`."""

    def __init__(self, kind, folder, models, tls=None):
        folder = pathlib.Path(folder).resolve()
        command, environment, self.ports = triton(folder, models, tls) if kind == "triton" else mlserver(folder, models)
        self.log = folder / "server.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT)
        limit = time.monotonic() + READY_S
        while not is_ready(self.ports["http"]):
            if self.process.poll() is not None or time.monotonic() > limit:
                self.close()
                sys.exit(f"{kind} is not ready: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def relay(source, target):
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        pass
    for each in (source, target):
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve_tls(port, certificate, key, authority, is_old):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if authority:
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
    version = ssl.TLSVersion.TLSv1_2 if is_old else ssl.TLSVersion.TLSv1_3
    context.minimum_version = context.maximum_version = version
    listener = socket.create_server(("127.0.0.1", 0))

    def handle(client):
        try:
            safe = context.wrap_socket(client, server_side=True)
            server = socket.create_connection(("127.0.0.1", port))
        except OSError:
            client.close()
            return
        threading.Thread(target=relay, args=(safe, server), daemon=True).start()
        relay(server, safe)

    def accept():
        while True:
            threading.Thread(target=handle, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return {"http": listener.getsockname()[1]}


def main():
    kind, *rest = sys.argv[1:] or [""]
    server = None
    if kind == "tls":
        is_old = "--old" in rest
        values = [value for value in rest if value != "--old"]
        ports = serve_tls(int(values[0]), values[1], values[2], values[3] if len(values) > 3 else None, is_old)
    elif kind in ("triton", "mlserver") and len(rest) >= 2:
        server = Server(kind, rest[0], json.loads(rest[1]), rest[3:6] if rest[2:3] == ["--tls"] else None)
        ports = server.ports
    else:
        sys.exit(__doc__.strip())
    try:
        print("ready", json.dumps(ports), flush=True)
        sys.stdin.read()
    finally:
        if server:
            server.close()


if __name__ == "__main__":
    main()
