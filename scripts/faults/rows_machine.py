"""Rows about the machine and the end of the run: 19, 22, 23, 24 and 25 of docs/faults.md."""
import fcntl
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import threading
import time

from measure import MEGABYTE, begin, conclude, ledger_of, rate
from rig import Failed, proc_figures
from rows_connection import two_cameras, two_sources

FAKETIME = "/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1".format(os.uname().machine)


class SlowReader(threading.Thread):
    """The other end of a sink's pipe, which takes one line in so many seconds."""

    def __init__(self, seconds):
        super().__init__(daemon=True)
        self.seconds, self.ended, self.taken = seconds, threading.Event(), 0
        self.source, self.sink = os.pipe()
        # A page, so that the pipe itself holds little.
        fcntl.fcntl(self.sink, fcntl.F_SETPIPE_SZ, 4096)
        self.start()

    def run(self):
        while not self.ended.wait(self.seconds):
            if not os.read(self.source, 250):
                return
            self.taken += 1

    def hurry(self):
        """Takes everything from now on."""
        self.seconds = 0


def overloaded(rig, workers=1):
    """Stages that want far more than the machine has: an object detector on every frame."""
    return [{"id": "scale", "type": "preprocess.letterbox", "after": ["cam"]},
            {"id": "objects", "type": "detect.yolo", "after": ["scale"], "workers": workers,
             "config": {"model": rig.settings.object_model}}]


def terminated(rig, clips, result):
    """Row 19: SIGTERM under load, and a second one while a sink hangs."""
    policy = rig.settings.policy
    camera = two_cameras(rig, clips)
    source, healthy, _ = two_sources(rig, camera)
    stages = [source, healthy, *overloaded(rig), rig.sink(["objects", "ok"])]
    run = rig.run(stages, deadline_ms=500)
    begin(run, ["cam", "ok"], policy)
    report = conclude(rig, run, result, {"cam": 0})
    lost = [row for row in ledger_of(report).get("dropped_by", []) if row["reason"] == "aborted"]
    result.equal("frames in flight that were lost", sum(row["count"] for row in lost), 0)
    result.equal("lines written for frames delivered", sum(len(frames) for frames in run.frames.values()),
                 ledger_of(report).get("delivered"))
    # A sink whose reader has stopped can deliver nothing more.
    stuck = SlowReader(3600)
    run = rig.run([source, healthy, {"id": "stuck", "type": "sink.jsonl", "after": ["cam"], "config": {"path": "-"}}, rig.sink(["ok"])],
                  stdout=stuck.sink)
    os.close(stuck.sink)
    run.wait_frames("ok", 60, 20)
    run.send(signal.SIGTERM)
    # What comes within a second of the first is the same wish.
    time.sleep(1.5)
    took = run.finish()
    result.at_most("seconds from the second SIGTERM to the end, a sink hanging", took, 1.0)
    result.equal("exit status after the second", run.status, 128 + signal.SIGTERM)
    result.equal("torn lines of the other sink", run.torn, 0)


def slow_sink(rig, clips, result):
    """Row 22: one sink takes a line in five seconds."""
    policy, quick = rig.settings.policy, rig.settings.quick
    camera = two_cameras(rig, clips)
    source, healthy, _ = two_sources(rig, camera)
    reader = SlowReader(0.5 if quick else 5)
    stages = [source, healthy, {"id": "slow", "type": "sink.jsonl", "after": ["cam"], "config": {"path": "-"}},
              rig.sink(["cam", "ok"])]
    run = rig.run(stages, stdout=reader.sink)
    os.close(reader.sink)
    warm = begin(run, ["cam", "ok"], policy)
    before = (warm, time.monotonic())
    since = time.monotonic()
    time.sleep(4 if quick else 120)
    until = time.monotonic()
    after = (until - policy.settle_s, until)
    result.at_least("share of the same camera's frames at the other sink", rate(run, "cam", since, until), 0.95)
    # What the reader has not taken would be waited for at the end.
    reader.hurry()
    report = conclude(rig, run, result, {"cam": 0}, before, after)
    stage = report["stages"]["slow"]
    result.figure("frames delivered and dropped at the slow sink", [stage["out"], stage["dropped"]])
    result.at_least("frames dropped at the slow sink", stage["dropped"], 1)
    result.at_most("most frames that ever waited there", stage["queue_highest"], 16)


def clock_steps(rig, clips, result):
    """Row 23: the wall clock is set an hour ahead and an hour back."""
    policy, quick = rig.settings.policy, rig.settings.quick
    if not os.path.exists(FAKETIME):
        raise Failed("libfaketime is missing: scripts/setup --tests")
    camera = two_cameras(rig, clips)
    stages = two_sources(rig, camera)
    offset = rig.folder / "offset"
    offset.write_text("+0\n")
    # The library puts a variable into the environment of the first program that loads it, after which Swift finds its
    # arguments no more: the shell is that first program, and becomes edgepipe.
    run = rig.run(stages, prefix=("sh", "-c", 'exec "$@"', "sh"), environment={
        **rig.environment, "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
        # Without the last one, waits on the monotonic clock would end at once: a mistake of that library's.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0"})
    warm = begin(run, ["cam", "ok"], policy)
    before = (warm, time.monotonic())
    hours = {}
    for step in ("+3600", "-3600"):
        offset.write_text(step + "\n")
        since = time.monotonic()
        time.sleep(policy.settle_s if quick else 30)
        captured = run.frames_of("cam")[-1][7]
        hours[step] = round((_unix(captured) - time.time()) / 3600, 2)
        result.at_least(f"share of frames with the clock at {step} s", rate(run, "cam", since + 0.3, time.monotonic()), 0.95)
    result.equal("hours that the clock in the output was off", hours, {"+3600": 1.0, "-3600": -1.0})
    after = (time.monotonic() - policy.settle_s / 2, time.monotonic())
    result.at_most("highest latency, ms", max(frame[3] for frame in run.frames_of("cam")), 2000)
    real = time.monotonic() - run.started
    report = conclude(rig, run, result, {"cam": 0}, before, after)
    result.check("duration in the report", abs(report["wall_s"] - real) < 2, round(report["wall_s"] - real, 2), "+- 2 s of the real one")


def _unix(text):
    """Seconds since 1970 of an ISO time in UTC."""
    import datetime
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def starved(rig, clips, result):
    """Row 24: one core, shared with greedy processes, so many that the detector cannot follow on quick machines either."""
    policy, quick = rig.settings.policy, rig.settings.quick
    if not shutil.which("stress-ng"):
        raise Failed("stress-ng is missing: scripts/setup --tests")
    camera = two_cameras(rig, clips)
    source, healthy, _ = two_sources(rig, camera)
    deadline = 300
    run = rig.run([source, healthy, *overloaded(rig), rig.sink(["objects", "ok"])], deadline_ms=deadline,
                  prefix=("taskset", "-c", "0"))
    warm = begin(run, ["cam", "ok"], policy, limit=40)
    before = (warm, time.monotonic())
    seconds = 5 if quick else 60
    # The automatic tests run a debug build, which is slower by itself.
    processes = 12 if quick else 16
    greedy = subprocess.Popen(["stress-ng", "--quiet", "--cpu", str(processes), "--taskset", "0", "--timeout", f"{seconds}s"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    since = time.monotonic()
    try:
        time.sleep(seconds)
    finally:
        greedy.terminate()
        greedy.wait()
    until = time.monotonic()
    latencies = sorted(frame[3] for frame in run.frames_of("cam", since, until))
    result.figure("share of frames that the detector delivered", rate(run, "cam", since, until))
    result.figure("share of the other camera's frames", rate(run, "ok", since, until))
    result.at_least("frames delivered meanwhile", len(latencies), 1)
    if latencies:
        result.at_most("95th percentile of the latency, ms", latencies[int(len(latencies) * 0.95)], deadline)
        # One scheduling pause of the greedy processes may fall after the last check of the deadline.
        result.at_most("highest latency, ms", latencies[-1], 2 * deadline)
    time.sleep(policy.settle_s)
    after = (time.monotonic() - policy.settle_s, time.monotonic())
    report = conclude(rig, run, result, {"cam": 0}, before, after, healthy_from=until + 0.5)
    late = sum(row["count"] for row in ledger_of(report).get("dropped_by", []) if row["reason"] == "late")
    result.at_least("frames dropped by their deadline", late, 1)
    result.figure("dropped by", ledger_of(report).get("dropped_by"))


def limits(rig, clips, result):
    """Row 25: too few descriptors for its cameras; then too little memory."""
    descriptors(rig, clips, result)
    memory(rig, clips, result)


def descriptors(rig, clips, result):
    camera = rig.camera(clips.moving(), fps=5)
    count, limit = (30, 32) if rig.settings.quick else (80, 64)
    # One server answers so many at once slowly.
    stages = [rig.source(f"c{i}", camera.url(), timeoutS=10) for i in range(count)]
    for stage in stages:
        stage["config"]["url"] = "${URL_c0}"
    run = rig.run([*stages, rig.sink([stage["id"] for stage in stages])], limits={resource.RLIMIT_NOFILE: limit})
    time.sleep(6 if rig.settings.quick else 30)
    figures = proc_figures(run.pid) if run.process.poll() is None else None
    seconds = time.monotonic() - run.started
    if figures:
        result.figure(f"with {limit} descriptors", "goes on with what fits")
        result.at_least("cameras that deliver", sum(bool(frames) for frames in run.frames.values()), 1)
        result.at_most("descriptors in use", figures[1], limit)
        result.at_most("CPU seconds a second (no loop)", figures[3] / seconds, 1.0)
    else:
        result.figure(f"with {limit} descriptors", "ends")
    took = run.finish()
    result.at_most("seconds to its end", took, 10)
    result.check("exit status is one of ours, and no signal", run.status in (0, 1, 66, 69, 70, 74), run.status)
    text = run.errors.read_text(errors="replace")
    result.check("the reason is named", any(word in text + run.everything_written() for word in ("Too many open files", "too many open files", "descriptor")),
                 text[-200:])
    result.at_most("bytes of messages", len(text), 100_000)


def memory(rig, clips, result):
    """A control group whose limit is a little above what the run needs; then one that is far below."""
    policy, quick = rig.settings.policy, rig.settings.quick
    group = MemoryGroup.make()
    if not group:
        result.figure("memory limit", "not measured: needs a writable control group")
        return
    try:
        camera = two_cameras(rig, clips)
        source, healthy, _ = two_sources(rig, camera)
        reader = SlowReader(0.5)
        stages = [source, healthy, {"id": "slow", "type": "sink.jsonl", "after": ["cam"], "config": {"path": "-"}},
                  rig.sink(["cam", "ok"])]
        run = rig.run(stages, stdout=reader.sink)
        os.close(reader.sink)
        begin(run, ["cam", "ok"], policy)
        # What it takes when warm, with an eighth to spare: more than that would be a queue that grows.
        used = group.adopt(run.pid)
        resident = proc_figures(run.pid)[0]
        group.limit(used + resident // 8)
        since = time.monotonic()
        time.sleep(4 if quick else 60)
        result.at_least("share of frames within the memory limit", rate(run, "cam", since, time.monotonic()), 0.95)
        result.figure("resident MB, and MB to spare", [round(resident / MEGABYTE, 1), round(resident / 8 / MEGABYTE, 1)])
        reader.hurry()
        conclude(rig, run, result, {"cam": 0})
        # Far too little: the system ends it, once, and nothing of it stays.
        run = rig.run([source, healthy, rig.sink(["cam", "ok"])], prefix=group.inside(8 * MEGABYTE))
        run.process.wait(30)
        run.end()
        result.check("far too little memory ends it", run.status != 0, run.status)
        result.equal("processes left", group.processes(), [])
    finally:
        group.remove()


class MemoryGroup:
    """A control group (version 1 or 2) of this test's own."""

    def __init__(self, folder, limit_file):
        self.folder, self.limit_file = folder, limit_file

    @classmethod
    def make(cls):
        for parent, limit_file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
            folder = pathlib.Path(parent) / f"edgepipe_faults_{os.getpid()}"
            try:
                folder.mkdir()
                if (folder / limit_file).exists():
                    return cls(folder, limit_file)
                folder.rmdir()
            except OSError:
                continue
        return None

    def adopt(self, pid):
        """Memory taken from now on counts; returns what counts already."""
        (self.folder / "cgroup.procs").write_text(str(pid))
        usage = self.folder / ("memory.usage_in_bytes" if "limit" in self.limit_file else "memory.current")
        return int(usage.read_text())

    def limit(self, size):
        (self.folder / self.limit_file).write_text(str(size))

    def inside(self, size):
        self.limit(size)
        return ("sh", "-c", f'echo $$ >{self.folder}/cgroup.procs; exec "$@"', "sh")

    def processes(self):
        return (self.folder / "cgroup.procs").read_text().split()

    def remove(self):
        for _ in range(50):
            try:
                return self.folder.rmdir()
            except OSError:
                time.sleep(0.1)
