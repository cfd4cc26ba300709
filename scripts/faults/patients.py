"""The pipelines of the soak of the service's faults: each has one kind of fault, which it gets again and again."""
import contextlib
import fcntl
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
from receiver import Receiver
from stores import ModelStore

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

    def plain(self, colour):
        """Nothing but a colour, for the RTSP server. Of the shape of a screen: the padding of a square input stays small."""
        return self._once(f"plain-{colour}.h264", "-f", "lavfi", "-i",
                          f"color={colour}:size=320x240:rate={self.RATE}:duration=20", "-pix_fmt", "yuv420p", *h264(self.RATE))

    def view(self, fault=None):
        """What the camera shows, as raw H.264 for the RTSP server."""
        look = self.VIEWS[fault] + "," if fault else ""
        return self._once(f"view-{fault or 'usual'}.h264", "-i", self.recording, "-t", 20 if fault else 60, "-an", "-vf",
                          f"fps={self.RATE},scale=640:360,{look}format=yuv420p", *h264(self.RATE))


class Patient:
    """A pipeline, or the machine, and how it becomes ill and well again."""

    row = ""
    # In seconds: bounds that are judged at the end, told after so long, and well again after so long once it was cured; and
    # at least so long until the next time.
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

    def faults_left(self):
        """What is not as it was although the fault was told to be over, in a sentence; None where all is well."""

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
    # The same is told once a minute at most.
    AGAIN_S = 65

    def __init__(self, ward, number):
        super().__init__(ward, number)
        # Before anything is timed.
        self.views = {fault: ward.films.view(fault) for fault in (None, *Films.VIEWS)}
        self.camera = rig.Camera(self.views[None], fps=Films.RATE)
        self.over = {}
        ward.environment[f"URL_{number}"] = self.camera.url()

    def pipeline(self):
        return {"version": 1, "name": self.name, "stages": [
            {"id": "camera", "type": "source.ffmpeg", "config": {"url": f"${{URL_{self.number}}}"}},
            {"id": "watch", "type": "monitor.picture", "after": ["camera"], "config": {
                "everyMs": 250, "learnS": self.LEARN_S, "holdS": 1.5, "frozenS": 4, "clearS": 1.5}},
            {"id": "count", "type": "sink.null", "after": ["watch"]}]}

    def is_ready(self):
        self.possible = [fault for fault in Films.VIEWS if time.monotonic() - self.over.get(fault, -1e9) > self.AGAIN_S]
        # In media time, which frames tell: a run that starts slowly has learned nothing when it is old enough.
        return bool(self.possible) and super().is_ready() and self.service.frames(self.name) > (self.LEARN_S + 3) * Films.RATE

    def injure(self, dice):
        self.fault = dice.choice(self.possible)
        self.camera.tell("swap", self.camera.name, self.views[self.fault])
        return f"its picture is {self.fault}"

    def cure(self):
        self.over[self.fault] = time.monotonic()
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

    row, noticed_s, mended_s, lasts_s = "offline", 15, 15, (0, 5)
    scaled = "not scaled: not reached for 2 s; timeoutS 2 (10), retryMaxS 1 (30)"

    def __init__(self, ward, number):
        super().__init__(ward, number)
        self.receiver = Receiver()
        self.outages = []

    def pipeline(self):
        return self.file(self.ward.films.small(), {
            "id": "hook", "type": "sink.http", "after": ["camera"], "config": {
                "url": f"http://127.0.0.1:{self.receiver.port}/results", "what": ["frames"], "timeoutS": 2, "retryMaxS": 1,
                "spool": {"folder": f"out/{self.name}.spool"}}})

    def is_ready(self):
        # It has been reached.
        return super().is_ready() and self.receiver.count > 0

    def injure(self, dice):
        self.outages.append([time.time(), None])
        self.receiver.stop()
        return "nobody takes its results"

    def cure(self):
        self.receiver.start()
        self.outages[-1][1] = time.time()

    def faults_left(self):
        lost = [began for began, ended in self.outages if ended and not self.receiver.has_between(began, ended)]
        return f"no result of {len(lost)} of {len(self.outages)} outages has come later" if lost else None

    def close(self):
        self.receiver.close()


class Detecting(Patient):
    """A pipeline with a detector, whose models are in a store of the soak's own."""

    def __init__(self, ward, number):
        super().__init__(ward, number)
        self.store = ward.store()

    def detector(self, **config):
        return [{"id": "scale", "type": "preprocess.letterbox", "after": ["camera"]},
                {"id": "objects", "type": "detect.yolo", "after": ["scale"], "config": config},
                {"id": "count", "type": "sink.null", "after": ["objects"]}]


class Hang(Detecting):
    row, noticed_s, lasts_s = "hang", 10, (0, 2)
    TIMEOUT_MS, RETRY_S = 1000, 2
    # The pause has doubled once or twice where trials failed in the dark; then a trial of two seconds.
    mended_s = 4 * RETRY_S + 10
    # After ten times its pause a stage begins with the shortest one again.
    rest_s = 40 * RETRY_S
    scaled = f"timeoutMs {TIMEOUT_MS}, fallback.retryS {RETRY_S} (30)"

    def __init__(self, ward, number):
        super().__init__(ward, number)
        self.light, self.dark = ward.films.plain("gray"), ward.films.plain("black")
        self.camera = rig.Camera(self.light, fps=Films.RATE)
        ward.environment[f"URL_DARK_{number}"] = self.camera.url()

    def pipeline(self):
        return {"version": 1, "name": self.name, "stages": [
            {"id": "camera", "type": "source.ffmpeg", "config": {"url": f"${{URL_DARK_{self.number}}}"}},
            *self.detector(model="dark", timeoutMs=self.TIMEOUT_MS, fallback={"model": "plain", "retryS": self.RETRY_S})]}

    def is_ready(self):
        # Before its first answers a model may take longer.
        return super().is_ready() and self.service.frames(self.name) > 3 * Films.RATE

    def injure(self, dice):
        self.camera.tell("swap", self.camera.name, self.dark)
        return "its picture is black, for which its model loops for ever"

    def cure(self):
        self.camera.tell("swap", self.camera.name, self.light)


class Flipped(Detecting):
    row, noticed_s, mended_s, rest_s, lasts_s = "model", 10, 10, 5, (0, 0)
    CHECK_S = 1
    scaled = f"checkS {CHECK_S}"

    def __init__(self, ward, number):
        super().__init__(ward, number)
        self.model = self.store.copy(self.name)
        self.sound = self.model.read_bytes()

    def pipeline(self):
        return self.file(self.ward.films.small(), *self.detector(model=self.name, checkS=self.CHECK_S))

    def is_ready(self):
        return super().is_ready() and self.store.keeps(self.sound)

    def injure(self, dice):
        at, bit = dice.randrange(len(self.sound)), dice.randrange(8)
        with open(self.model, "r+b") as file:
            file.seek(at)
            file.write(bytes([self.sound[at] ^ 1 << bit]))
        return f"bit {bit} of byte {at} of its model's file is another"

    def faults_left(self):
        return None if self.model.read_bytes() == self.sound else f"{self.model} is not what it was"


class Ward:
    """All patients, and what they share."""

    ROWS = {patient.row: patient for patient in (
        Killed, Hung, Stuck, Memory, Disk, View, Heat, Offline, Hang, Flipped)}
    # How many of each there are.
    MANY = {"ended": 4, "stuck": 2, "memory": 3, "disk": 2, "picture": 2, "hang": 2}

    def __init__(self, folder, recording, rows, seed):
        self.folder, self.films, self.environment, self.service = pathlib.Path(folder), Films(f"{folder}/films", recording), {}, None
        self.dice, self.patients, self._store = random.Random(seed), [], None
        for row in rows:
            self.patients += [self.ROWS[row](self, number) for number in range(self.MANY.get(row, 1))]

    def store(self):
        """The models of all detectors."""
        if not self._store:
            self._store = ModelStore(self.folder / "models")
            # The service runs in a folder of its own, beside which no library lies.
            self.environment.update(self._store.environment)
        return self._store

    def pipelines(self):
        files = {patient.name: patient.pipeline() for patient in self.patients}
        return {name: file for name, file in files.items() if file}

    def close(self):
        for patient in self.patients:
            patient.close()
