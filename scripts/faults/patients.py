"""The pipelines of the soak of the service's faults: each has one kind of fault, which it gets again and again."""
import contextlib
import fcntl
import http.server
import os
import pathlib
import random
import shutil
import signal
import subprocess
import threading
import time

import rig
from clips import ffmpeg, h264

MEGABYTE = 1 << 20
STUCK_S = 6
# For so long the films of files go on.
HOURS = 3


class Films:
    """What the pipelines read, made of one recording of a camera that does not move."""

    RATE = 10

    def __init__(self, folder, recording):
        self.folder, self.recording = pathlib.Path(folder), recording
        self.folder.mkdir(parents=True, exist_ok=True)

    def _once(self, name, *arguments):
        path = self.folder / name
        return path if path.exists() else ffmpeg(path, *arguments)

    def _long(self, name, source):
        seconds = float(subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(source)],
            check=True, capture_output=True, text=True).stdout)
        return self._once(name, "-stream_loop", int(HOURS * 3600 / seconds), "-i", source, "-c", "copy", "-f", "mp4")

    def small(self):
        one = self._once("small.mp4", "-i", self.recording, "-t", 60, "-an", "-vf", f"fps={self.RATE},scale=320:180,format=yuv420p",
                         "-preset", "veryfast", "-crf", 35, "-bf", 0, "-g", self.RATE, "-f", "mp4")
        return self._long("small-long.mp4", one)

    def large(self):
        """1080p that costs next to nothing to read: 3 MB a picture, which does not change."""
        one = self._once("large.mp4", "-f", "lavfi", "-i", f"smptebars=size=1920x1080:rate={self.RATE}:duration=60", "-pix_fmt",
                         "yuv420p", "-preset", "ultrafast", "-bf", 0, "-g", 600, "-f", "mp4")
        return self._long("large-long.mp4", one)

    VIEWS = {
        "covered": "drawbox=x=0:y=0:w=iw:h=ih:color=black:t=fill", "dark": "lutyuv=y=16+(val-16)*0.12",
        "blurred": "gblur=sigma=6", "bright": "eq=brightness=0.55", "turned": "hflip",
        # The first picture, again and again.
        "frozen": "loop=loop=-1:size=1:start=0,trim=duration=20,setpts=N/FRAME_RATE/TB",
    }

    def view(self, fault=None):
        """What the camera shows, as raw H.264 for the RTSP server."""
        look = self.VIEWS[fault] + "," if fault else ""
        return self._once(f"view-{fault or 'usual'}.h264", "-i", self.recording, "-t", 20 if fault else 60, "-an", "-vf",
                          f"fps={self.RATE},scale=640:360,{look}format=yuv420p", *h264(self.RATE))


class Patient:
    """A pipeline, or the machine, and how it becomes ill and well again."""

    row = ""
    # In seconds: told after so long, well again after so long once it was cured, and at least so long until the next time.
    noticed_s, mended_s, rest_s = 10, 10, 3
    # For how long it stays ill after it was told.
    lasts_s = (0, 3)

    def __init__(self, ward, number):
        self.ward, self.number, self.name = ward, number, f"{self.row}-{number}"
        self.times, self.fault = 0, self.row

    @property
    def service(self):
        return self.ward.service

    def file(self, film, *stages):
        return {"version": 1, "name": self.name, "stages": [
            {"id": "camera", "type": "source.ffmpeg", "config": {"url": str(film), "realtime": True}}, *stages]}

    def pipeline(self):
        """Its file; None for the machine."""
        raise NotImplementedError

    def is_ready(self):
        return self.service.is_running(self.name) and self.service.age(self.name) >= 3

    def injure(self, dice):
        """Makes it ill; returns what was done."""
        raise NotImplementedError

    def cure(self):
        """To be called once the fault was told and has lasted."""

    def close(self):
        """At the end."""


class Killed(Patient):
    row, noticed_s = "ended", 6
    scaled = "not scaled: 1 s to the next run, then 2, 4, 8 s where runs do not last for a minute"

    def __init__(self, ward, number):
        super().__init__(ward, number)
        self.pause = 1.0

    def pipeline(self):
        return self.file(self.ward.films.small(), {"id": "count", "type": "sink.null", "after": ["camera"]})

    def injure(self, dice):
        # As `serve` has it: a run of a minute resets the pause.
        pause = 1.0 if self.service.age(self.name) >= 60 else self.pause
        self.pause = min(60.0, 2 * pause)
        self.mended_s = pause + 15
        os.kill(self.service.pid(self.name), self.signal(dice))
        return f"its run gets signal {self.sent}"

    def signal(self, dice):
        self.sent = dice.choice([signal.SIGKILL, signal.SIGTERM]).value
        return self.sent


class Hung(Killed):
    row, noticed_s = "hung", 45
    scaled = "not scaled: 30 s without an answer"

    def signal(self, dice):
        self.sent = signal.SIGSTOP.value
        return self.sent


class Stuck(Patient):
    row, noticed_s, mended_s = "stuck", STUCK_S + 10, 30
    scaled = f"stuckS {STUCK_S} (20)"

    def __init__(self, ward, number):
        super().__init__(ward, number)
        self.pipe = ward.folder / f"{self.name}.pipe"
        self.pipe.unlink(missing_ok=True)
        os.mkfifo(self.pipe)
        self.reader = os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self.reader, 1031, 4096)  # F_SETPIPE_SZ
        self.reads, self.done = threading.Event(), threading.Event()
        self.reads.set()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while not self.done.wait(0.02):
            self.reads.wait()
            with contextlib.suppress(OSError):
                while os.read(self.reader, 65536):
                    pass

    def pipeline(self):
        return self.file(self.ward.films.small(), {
            "id": "lines", "type": "sink.jsonl", "after": ["camera"], "config": {"path": str(self.pipe)}})

    def injure(self, dice):
        self.reads.clear()
        return "nobody reads what its sink writes"

    def cure(self):
        self.reads.set()

    def close(self):
        self.done.set()
        self.reads.set()


class Memory(Patient):
    row, noticed_s, mended_s, rest_s, lasts_s = "memory", 30, 50, 10, (0, 1)
    scaled = "not scaled: looked at every 5 s"
    BUDGET_MB = 110
    # Three restarts an hour help; after that nothing but less work is tried.
    MOST = 3

    def pipeline(self):
        pipeline = self.file(
            self.ward.films.large(),
            {"id": "work", "type": "detect.null", "after": ["camera"], "queue": {"capacity": 28}, "config": {"busyMs": 1}},
            # Keeps the pictures until the frame is through.
            {"id": "pictures", "type": "sink.snapshot", "after": ["work"],
             "config": {"folder": f"out/{self.name}", "everyS": 3600}})
        return {**pipeline, "framesInFlight": 32, "budget": {"memoryMB": self.BUDGET_MB}}

    def is_ready(self):
        return self.times < self.MOST and super().is_ready()

    def injure(self, dice):
        self.service.change(self.name, "work", busyMs=150)
        return "a stage takes 150 ms a frame, and 1080p pictures wait for it"

    def cure(self):
        self.service.change(self.name, "work", busyMs=1)


class Disk(Patient):
    row, noticed_s, mended_s = "disk", 15, 15
    scaled = "not scaled: looked at every 5 s, and for each megabyte"
    SIZE = 24

    def __init__(self, ward, number):
        super().__init__(ward, number)
        self.disk = ward.folder / self.name
        self.disk.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.SIZE}m", "tmpfs", str(self.disk)], check=True)

    def pipeline(self):
        return self.file(self.ward.films.small(), {
            "id": "record", "type": "sink.record", "after": ["camera"],
            "config": {"folder": f"{self.disk}/recordings", "segmentS": 2, "maxMB": 4}})

    def injure(self, dice):
        # A twentieth stays free, and twice as much is told.
        least = self.SIZE * MEGABYTE / 20
        left = int(dice.uniform(0.7, 1.8) * least)
        there = os.statvfs(self.disk)
        (self.disk / "other").write_bytes(bytes(max(0, there.f_bavail * there.f_frsize - left)))
        return f"another program leaves {left / MEGABYTE:.1f} MB of its disk"

    def cure(self):
        (self.disk / "other").unlink()

    def close(self):
        subprocess.run(["umount", "-l", str(self.disk)], check=False)


class View(Patient):
    row, noticed_s, mended_s = "picture", 20, 15
    scaled = "holdS 1.5 (8), frozenS 4 (15), clearS 1.5 (5), learnS 10 (20)"
    LEARN_S = 10

    def __init__(self, ward, number):
        super().__init__(ward, number)
        # Before anything is timed.
        self.views = {fault: ward.films.view(fault) for fault in (None, *Films.VIEWS)}
        self.camera = rig.Camera(self.views[None], fps=Films.RATE)
        self.begun = {}
        ward.environment[f"URL_{number}"] = self.camera.url()

    def pipeline(self):
        return {"version": 1, "name": self.name, "stages": [
            {"id": "camera", "type": "source.ffmpeg", "config": {"url": f"${{URL_{self.number}}}"}},
            {"id": "watch", "type": "monitor.picture", "after": ["camera"], "config": {
                "everyMs": 250, "learnS": self.LEARN_S, "holdS": 1.5, "frozenS": 4, "clearS": 1.5}},
            {"id": "count", "type": "sink.null", "after": ["watch"]}]}

    def is_ready(self):
        # The same is told once a minute at most.
        self.possible = [fault for fault in Films.VIEWS if time.monotonic() - self.begun.get(fault, -1e9) > 75]
        return bool(self.possible) and super().is_ready() and self.service.age(self.name) > self.LEARN_S + 5

    def injure(self, dice):
        self.fault = dice.choice(self.possible)
        self.begun[self.fault] = time.monotonic()
        self.camera.tell("swap", self.camera.name, self.views[self.fault])
        return f"its picture is {self.fault}"

    def cure(self):
        self.camera.tell("swap", self.camera.name, self.views[None])


class Heat(Patient):
    """The machine, with a thermal zone that says what this program wants."""

    row, noticed_s, rest_s, lasts_s = "overheated", 8, 5, (1, 14)
    # A step back a minute; two of them where it has lasted for longer than ten seconds.
    mended_s = 140
    scaled = "not scaled: a step every 10 s, and a step back a minute"
    ZONES = "/sys/class/thermal"

    def __init__(self, ward, number):
        super().__init__(ward, number)
        self.name = ""
        self.zone = ward.folder / "thermal/thermal_zone0"
        shutil.rmtree(self.zone.parent, ignore_errors=True)
        self.zone.mkdir(parents=True)
        for name, value in (("type", "cpu-thermal"), ("trip_point_0_type", "passive"), ("trip_point_0_temp", "85000")):
            (self.zone / name).write_text(value + "\n")
        self.warm(50)
        subprocess.run(["mount", "--bind", str(self.zone.parent), self.ZONES], check=True)

    def warm(self, celsius):
        new = self.zone / "new"
        new.write_text(f"{celsius * 1000}\n")
        new.replace(self.zone / "temp")

    def pipeline(self):
        return None

    def is_ready(self):
        return True

    def injure(self, dice):
        celsius = dice.randint(80, 84)
        self.warm(celsius)
        return f"a thermal zone has {celsius} degrees, limit 80"

    def cure(self):
        self.warm(60)

    def close(self):
        subprocess.run(["umount", "-l", self.ZONES], check=False)


class Offline(Patient):
    """A receiver of results that goes away."""

    row, noticed_s, mended_s, lasts_s = "offline", 30, 30, (0, 5)
    scaled = "timeoutS 2 (10), retryMaxS 1 (30)"

    def __init__(self, ward, number):
        super().__init__(ward, number)
        self.port, self.server = rig.free_port(), None
        self.cure()

    def cure(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Receiver)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pipeline(self):
        return self.file(self.ward.films.small(), {
            "id": "hook", "type": "sink.http", "after": ["camera"], "config": {
                "url": f"http://127.0.0.1:{self.port}/results", "what": ["frames"], "everyS": 0.5, "timeoutS": 2,
                "retryMaxS": 1, "spool": {"path": f"out/{self.name}.spool"}}})

    def injure(self, dice):
        self.close()
        return "nobody takes its results"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # noqa: N802 - the library's name
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Ward:
    """All patients, and what they share."""

    ROWS = {patient.row: patient for patient in (Killed, Hung, Stuck, Memory, Disk, View, Heat, Offline)}
    # How many of each there are.
    MANY = {"ended": 4, "stuck": 2, "memory": 3, "disk": 2, "picture": 2}

    def __init__(self, folder, recording, rows, seed):
        self.folder, self.films, self.environment, self.service = pathlib.Path(folder), Films(f"{folder}/films", recording), {}, None
        self.dice, self.patients = random.Random(seed), []
        for row in rows:
            self.patients += [self.ROWS[row](self, number) for number in range(self.MANY.get(row, 1))]

    def pipelines(self):
        files = {patient.name: patient.pipeline() for patient in self.patients}
        return {name: file for name, file in files.items() if file}

    def close(self):
        for patient in self.patients:
            patient.close()
