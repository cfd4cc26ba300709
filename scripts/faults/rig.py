"""What the fault tests are made of: cameras, a bad network, edgepipe itself, and what is measured of it.

Everything runs on 127.0.0.1, belongs to one `Rig`, and ends with it.
"""
import atexit
import contextlib
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
sys.path.insert(0, str(FOLDER))

PYTHON = "/usr/bin/python3"  # the system's: it has GStreamer's bindings
USER = "viewer"
_running = []


def end_all():
    while _running:
        _running[-1].end()


atexit.register(end_all)


class Failed(Exception):
    """A row could not be measured at all."""


def wait_for(what, seconds, ask, step=0.02):
    """Asks again and again, and returns the answer and how long it took."""
    start = time.monotonic()
    while True:
        answer = ask()
        if answer:
            return answer, time.monotonic() - start
        if time.monotonic() - start > seconds:
            raise Failed(f"{what}: did not happen within {seconds} s")
        time.sleep(step)


class Child:
    """A process that ends with its standard input, and obeys lines on it."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        _running.append(self)
        self.greeting = self.process.stdout.readline().split()
        if self.greeting[:1] != ["ready"]:
            raise Failed(f"{command[1]} could not start")

    def tell(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        verdict, _, answer = self.process.stdout.readline().rstrip("\n").partition(" ")
        if verdict != "ok":
            raise Failed(f"{' '.join(map(str, words))}: {answer}")
        return answer

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        """At once, also when it is stopped."""
        if self in _running:
            _running.remove(self)
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Camera:
    """An RTSP server with one mount, behind a user and a password; the port stays over restarts."""

    def __init__(self, film, fps=30, password=None, mtu=1400, udp_ports=None, tls=None, name="cam"):
        self.film, self.fps, self.mtu, self.udp_ports, self.tls, self.name = film, fps, mtu, udp_ports, tls, name
        # A word that occurs nowhere else.
        self.password = password or f"s3cret{random.randrange(1 << 40):x}"
        self.port = 0
        self.start()

    def start(self):
        command = [PYTHON, str(FOLDER / "rtsp_server.py"), f"{self.name}={self.film}", "--port", str(self.port), "--fps",
                   str(self.fps), "--user", USER, "--password", self.password, "--mtu", str(self.mtu)]
        if self.udp_ports:
            command += ["--udp-ports", self.udp_ports]
        if self.tls:
            command += ["--tls", *self.tls]
        self.server = Child(command)
        self.address = self.server.greeting[1]
        self.port = int(self.address.split(":")[2].split("/")[0])

    def url(self, port=None, password=None):
        scheme, _, rest = self.address.partition("://")
        if port:
            rest = rest.replace(str(self.port), str(port))
        return f"{scheme}://{USER}:{password or self.password}@{rest}"

    def kill(self):
        self.server.end()

    def freeze(self):
        self.server.signal(signal.SIGSTOP)

    def thaw(self):
        self.server.signal(signal.SIGCONT)

    def tell(self, *words):
        return self.server.tell(*words)


class Relay(Child):
    def __init__(self, camera, seed, *settings):
        super().__init__([PYTHON, str(FOLDER / "relay.py"), str(camera.port), "--seed", str(seed), *settings])
        self.port = int(self.greeting[1])

    def set(self, *settings):
        self.tell("set", *settings)

    def stats(self):
        return json.loads(self.tell("stats"))


class Firewall:
    """Packets that vanish, by rules of nftables in a table of this process's own. Needs root."""

    available = os.geteuid() == 0 and shutil.which("nft", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is not None
    nft = shutil.which("nft", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

    def __init__(self):
        self.table = f"edgepipe_faults_{os.getpid()}"
        # What a run left behind that was killed.
        tables = subprocess.run([self.nft, "list", "tables", "inet"], text=True, capture_output=True).stdout
        for name, pid in re.findall(r"(edgepipe_faults_(\d+))", tables):
            if not os.path.exists(f"/proc/{pid}"):
                self._run(f"delete table inet {name}\n")
        self.reset()
        _running.append(self)

    def _run(self, text):
        result = subprocess.run([self.nft, "-f", "-"], input=text, text=True, capture_output=True)
        if result.returncode:
            raise Failed(f"nft: {result.stderr.strip()}")

    def reset(self):
        """All packets pass."""
        # Only loopback, where nothing but the ports named in rules is touched.
        self._run(f"table inet {self.table} {{ }}\ndelete table inet {self.table}\n"
                  f"table inet {self.table} {{ chain out {{ type filter hook output priority 0; oif != lo accept; }}\n}}\n")

    def drop(self, match, percent=100):
        chance = "" if percent >= 100 else f"numgen random mod 100 < {percent} "
        self._run(f"add rule inet {self.table} out {match} {chance}drop\n")

    def cut(self, port):
        """Both ways, so that neither side hears of it."""
        self.drop(f"tcp dport {port}")
        self.drop(f"tcp sport {port}")

    def end(self):
        if self in _running:
            _running.remove(self)
        self._run(f"table inet {self.table} {{ }}\ndelete table inet {self.table}\n")


def proc_figures(pid):
    """(resident bytes, descriptors, threads, CPU seconds) of a process, or None when it is gone."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        resident = int(re.search(r"VmRSS:\s*(\d+)", status)[1]) * 1024
        threads = int(re.search(r"Threads:\s*(\d+)", status)[1])
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        return resident, len(os.listdir(f"/proc/{pid}/fd")), threads, ticks
    except (OSError, TypeError):
        return None


class Edgepipe:
    """`edgepipe run` at work, its results read as they come."""

    def __init__(self, program, folder, stages, environment=None, deadline_ms=None, prefix=(), stdout=None, limits=None,
                 arguments=(), quiet=True):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.events, self.report_file = self.folder / "events.jsonl", self.folder / "report.json"
        for old in (self.events, self.report_file):
            old.unlink(missing_ok=True)
        self.events.touch()
        pipeline = {"version": 1, "name": "faults", "stages": stages}
        if deadline_ms:
            pipeline["budget"] = {"deadlineMs": deadline_ms}
        file = self.folder / "pipeline.json"
        file.write_text(json.dumps(pipeline, indent=2) + "\n")
        self.output, self.errors = self.folder / "stdout.txt", self.folder / "stderr.txt"
        self.frames, self.health, self.lines, self.torn = {}, {}, 0, 0
        self.samples = []  # (instant, resident, descriptors, threads, CPU seconds)
        self.started = time.monotonic()
        command = [*prefix, str(program), "run", str(file), "--report", str(self.report_file), *arguments]
        with open(self.errors, "wb") as errors, open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stdout or output, stderr=errors,
                env={**os.environ, **(environment or {})}, preexec_fn=lambda: _prepare(limits))
        _running.append(self)
        self.ended, self.done = None, threading.Event()
        self.tail = threading.Thread(target=self._follow, daemon=True)
        self.tail.start()

    @property
    def pid(self):
        """Of edgepipe itself, which what comes before it on the command line becomes."""
        return self.process.pid

    def _follow(self):
        """Reads the results' lines as they are written, and samples the process."""
        pending, next_sample = b"", 0.0
        with open(self.events, "rb") as file:
            while True:
                is_last = self.done.is_set()
                data = file.read()
                now = time.monotonic()
                *whole, pending = (pending + data).split(b"\n")
                for line in whole:
                    self._line(line, now)
                if now >= next_sample and not is_last:
                    next_sample = now + 0.25
                    figures = proc_figures(self.pid)
                    if figures:
                        self.samples.append((now, *figures))
                if is_last and not data:
                    self.torn += bool(pending)
                    return
                time.sleep(0.01)

    def _line(self, line, now):
        self.lines += 1
        try:
            row = json.loads(line)
        except ValueError:
            self.torn += 1
            return
        stream = row.get("stream")
        if row["type"] == "frame":
            frame = (now, row["frame"], row["pts_s"], row["latency_ms"], row["width"], row["height"], row["detections"],
                     row["captured_at"])
            self.frames.setdefault(stream, []).append(frame)
        elif row["type"] == "health":
            self.health.setdefault(stream, []).append((now, row))

    # --- What came

    def count(self, stream, since=0.0, until=float("inf")):
        return sum(since <= frame[0] < until for frame in list(self.frames.get(stream, [])))

    def frames_of(self, stream, since=0.0, until=float("inf")):
        return [frame for frame in list(self.frames.get(stream, [])) if since <= frame[0] < until]

    def wait_frames(self, stream, count, seconds, since=0.0):
        """Waits until `count` frames have come since an instant; returns how long after it the last of them came."""
        wait_for(f"{count} frames of {stream}", seconds, lambda: self.alive() and self.count(stream, since) >= count)
        return self.frames_of(stream, since)[count - 1][0] - since

    def states(self, stream, since=0.0):
        return [(at, row["state"]) for at, row in list(self.health.get(stream, [])) if at >= since]

    def wait_state(self, stream, states, seconds, since=0.0):
        """Waits until one of the states is entered; returns the line and how long after `since` it came."""
        def ask():
            self.alive()
            return next(((at, row) for at, row in list(self.health.get(stream, [])) if at >= since and row["state"] in states), None)

        (at, row), _ = wait_for(f"{stream} {' or '.join(states)}", seconds, ask)
        return row, at - since

    def faults(self, stream, kind):
        return [row for _, row in list(self.health.get(stream, [])) if row.get("fault") == kind]

    def alive(self):
        if self.process.poll() is not None and not self.done.is_set():
            raise Failed(f"edgepipe ended with {self.process.returncode}: {self.errors.read_text()[-500:]}")
        return True

    def level(self, since, until=float("inf")):
        """Medians of (resident bytes, descriptors, threads) between two instants."""
        samples = [sample for sample in list(self.samples) if since <= sample[0] < until]
        if not samples:
            return None
        middle = len(samples) // 2
        return tuple(sorted(sample[i] for sample in samples)[middle] for i in (1, 2, 3))

    # --- The end

    def send(self, number):
        self.process.send_signal(number)

    def finish(self, seconds=30, number=signal.SIGTERM):
        """Asks it to end; returns how long that took."""
        start = time.monotonic()
        if self.process.poll() is None and number:
            self.send(number)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            raise Failed(f"edgepipe did not end within {seconds} s")
        took = time.monotonic() - start
        self.end()
        return took

    def end(self):
        if self in _running:
            _running.remove(self)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.done.set()
        self.tail.join()

    @property
    def status(self):
        return self.process.returncode

    def report(self):
        return json.loads(self.report_file.read_text()) if self.report_file.exists() else {}

    def everything_written(self):
        """All that a person or another program could read of this run."""
        places = [self.events, self.report_file, self.output, self.errors]
        return "".join(place.read_text(errors="replace") for place in places if place.exists())


def _prepare(limits):
    # The parent process may have blocked the signals that end it.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for limit, value in (limits or {}).items():
        resource.setrlimit(limit, (value, value))


class Rig(contextlib.AbstractContextManager):
    """What one row uses; everything ends with it."""

    def __init__(self, settings, row):
        self.settings, self.row = settings, row
        self.folder = pathlib.Path(settings.folder) / f"row-{row}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.passwords, self.before = [], len(_running)
        self.healthy = None

    def camera(self, film, **options):
        camera = Camera(film, **options)
        self.passwords.append(camera.password)
        return camera

    def healthy_camera(self, film):
        self.healthy = self.camera(film)
        return self.healthy

    def source(self, stream, url, **config):
        """A source stage whose address comes from the environment, as a secret should."""
        policy = self.settings.policy
        values = {"url": f"${{URL_{stream}}}", "timeoutS": policy.timeout_s, **policy.source_config, **config}
        self.environment = {**getattr(self, "environment", {}), f"URL_{stream}": url}
        return {"id": stream, "type": "source.ffmpeg", "config": values}

    def sink(self, after, name="events"):
        return {"id": name, "type": "sink.jsonl", "after": after,
                "config": {"path": str(self.folder / "events.jsonl")}}

    def run(self, stages, **options):
        options.setdefault("environment", self.environment)
        return Edgepipe(self.settings.edgepipe, self.folder, stages, **options)

    def __exit__(self, *_):
        while len(_running) > self.before:
            _running[-1].end()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
