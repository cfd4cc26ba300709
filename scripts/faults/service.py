"""`edgepipe serve` at work for the soak of its faults: pipelines, what it tells and to whom, and what it costs."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import rig
from rig import Failed, proc_figures, wait_for

FAULTS = ("fault", "recovered")


class Service:
    """A service with pipelines of its own; everything that it tells is read as it comes."""

    def __init__(self, program, folder, pipelines, environment, **settings):
        self.folder = pathlib.Path(folder)
        for sub in ("p", "out"):
            (self.folder / sub).mkdir(parents=True, exist_ok=True)
        self.told = self.folder / "notices.jsonl"
        self.told.write_text("")
        tell = self.folder / "tell"
        tell.write_text(f"#!/bin/sh\nexec cat >>'{self.told}'\n")
        tell.chmod(0o700)
        for name, pipeline in pipelines.items():
            (self.folder / f"p/{name}.json").write_text(json.dumps(pipeline, indent=2) + "\n")
        (self.folder / "service.json").write_text(json.dumps({
            "version": 1, "notices": {"command": ["./tell"]}, **settings,
            "pipelines": [{"file": f"p/{name}.json"} for name in pipelines]}, indent=2) + "\n")
        self.errors = self.folder / "stderr.txt"
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [str(program), "serve", "service.json", "--state", "s", "--listen", "0"], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env={**os.environ, **environment},
                preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, []))
        rig._running.append(self)
        self.changes = []  # (instant, event) of what is wrong, or well again
        self.figures, self.delivered, self.began = {}, {}, {}
        self.samples = {}  # by pipeline, "" for the supervisor: (instant, resident, descriptors, threads, CPU seconds)
        # Events that the stream said were gone, and how often it ended and was read on.
        self.lost, self.breaks, self.done = 0, 0, threading.Event()
        found, _ = wait_for("the service listens", 300, lambda: self.alive() and re.search(
            r"interface on http://127\.0\.0\.1:(\d+)", self.errors.read_text()))
        self.port = int(found[1])
        for work in (self._follow, self._sample):
            threading.Thread(target=work, daemon=True).start()

    def alive(self):
        if self.process.poll() is not None and not self.done.is_set():
            raise Failed(f"the service ended with {self.process.returncode}: {self.errors.read_text()[-500:]}")
        return True

    def begins_well(self):
        """To be asked before anything is made ill: no run has a reason to end."""
        ended = re.search(r".*: ended by itself .*", self.errors.read_text())
        if ended:
            raise Failed(ended[0])
        return self.alive()

    # --- What it tells

    def _follow(self):
        last = None
        while not self.done.is_set():
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
                # From its first event on, or where it stopped.
                connection.request("GET", "/v1/events?figures=true&recent=2000", headers={"Last-Event-ID": last} if last else {})
                for line in connection.getresponse():
                    if line.startswith(b"id: "):
                        last = line[4:].decode().strip()
                    elif line.startswith(b"data: "):
                        self._take(json.loads(line[6:]), time.monotonic())
            except (OSError, ValueError, http.client.HTTPException):
                pass
            self.breaks += not self.done.is_set()
            self.done.wait(1)

    def _take(self, event, now):
        # What the stream itself has lost has no name.
        match event.get("event", "lost"):
            case "figures":
                for one in event["pipelines"]:
                    name, pid = one["name"], one.get("pid")
                    if pid != self.figures.get(name, {}).get("pid"):
                        self.began[name] = now
                    self.figures[name] = one
                    if "ledger" in one:
                        self.delivered.setdefault(name, []).append((now, one["ledger"]["delivered"]))
            case "fault" | "recovered":
                self.changes.append((now, event))
            case "health" if "fault" in event:
                change = FAULTS[event["fault"] == "end"]
                self.changes.append((now, {**event, "event": change, "fault": "connection"}))
            case "lost":
                self.lost += event["count"]

    def changes_of(self, pipeline, fault, kind, since=0.0):
        return [at for at, event in list(self.changes) if at >= since and (
            event.get("pipeline", ""), event["fault"], event["event"]) == (pipeline, fault, kind)]

    def counts(self):
        """How often each fault was told, as {(pipeline, fault, event): count}, by the event stream."""
        counts = {}
        for _, event in self.changes:
            key = (event.get("pipeline", ""), event["fault"], event["event"])
            counts[key] = counts.get(key, 0) + 1
        return counts

    def notices(self):
        """The same by the notices' command: a notice stands for `count` of its kind."""
        counts = {}
        for line in self.told.read_text().splitlines():
            notice = json.loads(line)
            key = (notice.get("pipeline", ""), notice["fault"], notice["event"])
            counts[key] = counts.get(key, 0) + notice["count"]
        return counts

    def metric(self, name):
        """The values of a metric of the service, by (pipeline, fault)."""
        status, text = self.ask("GET", "/metrics")
        found = re.findall(rf'^{name}\{{fault="([^"]*)",pipeline="([^"]*)"\}} (\d+)', text, re.M)
        return {(pipeline, fault): int(value) for fault, pipeline, value in found}

    # --- What it costs

    def pid(self, name):
        return self.figures.get(name, {}).get("pid")

    def is_running(self, name):
        return self.figures.get(name, {}).get("state") == "running"

    def age(self, name):
        """For how many seconds its run has been known."""
        return time.monotonic() - self.began[name] if self.is_running(name) and name in self.began else 0.0

    def frames(self, name):
        """How many frames its present run has delivered."""
        return self.figures.get(name, {}).get("ledger", {}).get("delivered", 0) if self.is_running(name) else 0

    def _sample(self):
        while not self.done.wait(1):
            now = time.monotonic()
            for name, pid in [("", self.process.pid), *((name, self.pid(name)) for name in list(self.figures))]:
                figures = proc_figures(pid) if pid else None
                if figures:
                    self.samples.setdefault(name, []).append((now, *figures))

    def rate(self, name, since, until):
        """Delivered frames a second between two instants."""
        points = [(at, count) for at, count in self.delivered.get(name, []) if since <= at <= until]
        if len(points) < 2:
            return 0.0
        (first, a), (last, b) = points[0], points[-1]
        return (b - a) / (last - first)

    # --- What it is asked

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def change(self, pipeline, stage, **options):
        status, text = self.ask("PATCH", f"/v1/pipelines/{pipeline}/stages/{stage}", {"options": options})
        if status != 200:
            raise Failed(f"{pipeline}: {stage} was not changed: {status} {text}")

    def finish(self, seconds=600):
        """Drains all; returns the exit status and how long it took."""
        start = time.monotonic()
        self.done.set()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"the service did not end within {seconds} s") from None
        finally:
            self.end()
        return self.process.returncode, time.monotonic() - start

    def end(self):
        if self in rig._running:
            rig._running.remove(self)
        self.done.set()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        # Runs outlive a supervisor that was killed, and drain by themselves after a minute.
        for name in list(self.figures):
            pid = self.pid(name)
            if pid and self._is_ours(pid):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGKILL)

    def _is_ours(self, pid):
        try:
            return os.readlink(f"/proc/{pid}/cwd") == str(self.folder.resolve())
        except OSError:
            return False
