"""A service with two pipelines of real files, in a folder of its own."""
import contextlib
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

PORTS = range(8850, 8870)
# As long as a check may take, so that no stream ends by itself.
CLIP = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=10", "-t", "400", "-c:v", "libx264", "-preset", "ultrafast"]
RATE = 10


def make_clip(path):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *CLIP, path], check=True, stdin=subprocess.DEVNULL)


def pipeline(name, clip, results):
    return {"version": 1, "name": name, "stages": [
        {"id": "camera", "type": "source.ffmpeg", "config": {"url": str(clip), "realtime": True}},
        {"id": "objects", "type": "detect.null", "after": ["camera"]},
        {"id": "results", "type": "sink.jsonl", "after": ["objects"], "config": {"path": str(results)}}]}


def free_port():
    for port in PORTS:
        with contextlib.closing(socket.socket()) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                one.bind(("127.0.0.1", port))
                return port
    raise SystemExit(f"error: no port of {PORTS[0]} to {PORTS[-1]} is free")


class Service:
    def __init__(self, edgepipe, folder, clip, tls):
        self.edgepipe, self.folder, self.tls = edgepipe, pathlib.Path(folder), tls
        self.state, self.port = self.folder / "state", free_port()
        self.folder.mkdir()
        for name in ("kept", "changed"):
            text = json.dumps(pipeline(name, clip, self.folder / f"{name}.jsonl"))
            (self.folder / f"{name}.json").write_text(text)
        http = {"listen": f"127.0.0.1:{self.port}"}
        self.plan = self.folder / "service.json"
        if tls:
            http |= {"certificate": "state/tls/certificate.pem", "key": "state/tls/key.pem"}
        files = [{"file": f"{name}.json"} for name in ("kept", "changed")]
        self.plan.write_text(json.dumps({"version": 1, "state": "state", "http": http, "pipelines": files}))
        if tls:
            text = subprocess.run([edgepipe, "serve", self.plan, "--init"], check=True, capture_output=True, text=True)
            self.admin = re.search(r"\bep_\S+", text.stdout)[0]
        else:
            self.admin = self.token("admin", "admin")
        self.viewer = self.token("viewer", "viewer")
        self.context = ssl.create_default_context(cafile=self.state / "tls/certificate.pem") if tls else None
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def token(self, name, role):
        return subprocess.run([self.edgepipe, "token", "add", name, "--role", role, "--state", self.state],
                              check=True, capture_output=True, text=True).stdout.strip()

    def __enter__(self):
        # Models come from nowhere but the folder of what is installed.
        environment = os.environ | {"EDGEPIPE_MODELS_MIRROR": str(self.folder), "PIP_NO_INDEX": "1",
                                    "EDGEPIPE_MODELS": str(self.folder / "models")}
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([self.edgepipe, "serve", self.plan], stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL, env=environment)
        try:
            self.wait(lambda: self.get("/readyz")[0] == 200, 60)
        except BaseException:
            self.process.terminate()
            raise
        return self

    def __exit__(self, *error):
        self.log.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def wait(self, condition, seconds):
        end = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"error: the service does not work:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.1)

    def get(self, path, token=None):
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"Bearer {token or self.admin}"})
        try:
            with urllib.request.urlopen(request, timeout=20, context=self.context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def pipeline(self, name):
        return json.loads(self.get(f"/v1/pipelines/{name}")[1])

    def delivered(self, name):
        streams = json.loads(self.get(f"/v1/pipelines/{name}/streams")[1])["streams"]
        return sum(stream["delivered"] for stream in streams)

    def memory_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def refused(self, status):
        page = self.get("/metrics")[1].decode()
        found = re.search(rf'^edgepipe_service_refused_requests_total{{status="{status}"}} (\d+)$', page, re.MULTILINE)
        return int(found[1]) if found else 0

    def connect(self, source="127.0.0.1", handshake=True):
        one = socket.create_connection(("127.0.0.1", self.port), 10, (source, 0))
        if self.context and handshake:
            one = self.context.wrap_socket(one, server_hostname="127.0.0.1")
        return one

    def ask(self, text, source="127.0.0.2"):
        """The status of the answer to a request as bytes; 0 where there is none."""
        with contextlib.closing(self.connect(source)) as one:
            with contextlib.suppress(OSError):
                one.sendall(text)
            return status(read_all(one))

    def end_problems(self):
        """Ends it: it drains its runs, and ends with 0."""
        runs = [self.pipeline(name)["pid"] for name in ("kept", "changed")]
        self.process.terminate()
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            yield "the service did not end within 60 s of SIGTERM"
            return
        if code != 0:
            yield f"the service ended with {code}"
        for pid in runs:
            if pid and pathlib.Path(f"/proc/{pid}").exists():
                yield f"the run {pid} went on after the service"
        text = (self.folder / "log").read_text(errors="replace")
        for line in text.splitlines():
            if re.search(r"Fatal error|crashed|exit status 70|signal (4|5|6|8|11)\b", line):
                yield f"the log has: {line}"


def read_all(one):
    data = b""
    with contextlib.suppress(OSError):
        while chunk := one.recv(65536):
            data += chunk
            if len(data) > 1 << 20:
                break
            head, mark, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            if mark and (length is None or len(body) >= int(length[1])):
                break
    return data


def status(answer):
    found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return int(found[1]) if found else 0
