"""The programs that Benchmarks/compare runs: the scripts of Benchmarks/rivals, and edgepipe."""
import json
import os
import re
import subprocess

import bench

RIVALS = bench.ROOT / "Benchmarks/rivals"
SCORE, IOU = 0.3, 0.45
# For average precision, nearly everything counts.
LOW_SCORE, LOW_IOU = 0.001, 0.65
PICTURES, INSTANCES = bench.DATA / "data/coco50/images", bench.DATA / "data/coco50/instances.json"


def last_line(text):
    """The last line of what a program printed, without folders of files and what would break a table."""
    lines = text.strip().splitlines()
    return re.sub(r"/[^\s,:]*/", "", lines[-1]).replace("|", "/") if lines else "it printed nothing"


def average_precision(python, events):
    """Of the results of a program on the annotated pictures."""
    result = subprocess.run(
        [python, RIVALS / "average_precision.py", events, INSTANCES, PICTURES], stdout=subprocess.PIPE, text=True)
    return json.loads(last_line(result.stdout))["ap"] if result.returncode == 0 else None


class Program:
    """One row: `environment` is added to that of the benchmark; `error` is why it cannot run at all."""

    def __init__(self, name, text, kind):
        self.name, self.text, self.kind = name, text, kind
        self.environment, self.error, self.is_held = {}, None, False

    def held(self, environment):
        """The same held to AVX2 by these variables; None if there are none that do."""
        self.is_held = True
        self.name += ", AVX2"
        if environment is None:
            self.error = "it cannot be held to AVX2 on this machine"
        self.environment = environment or {}
        return self

    def events(self, what):
        return bench.WORK / f"compare-{re.sub('[ ,]+', '-', self.name)}-{what}.jsonl"


class Rival(Program):
    """A script. `arguments` belong to every run; `wide` to those on the clip alone, where the picture is wide.

    `square_model` is the model for the runs on pictures, where it differs.
    """

    def __init__(self, name, text, options, script, model, clip, arguments=(), wide=(), square_model=None, kind="script"):
        super().__init__(name, text, kind)
        self.python, self.script, self.model, self.clip = options.python, RIVALS / script, model, clip
        self.arguments, self.wide, self.square_model = arguments, wide, square_model or model

    def run(self):
        return self._run(self.model, self.clip, self.events("clip"), SCORE, IOU, self.wide)

    def accuracy(self):
        events = self.events("pictures")
        result = self._run(self.square_model, PICTURES, events, LOW_SCORE, LOW_IOU)
        return None if "error" in result else average_precision(self.python, events)

    def _run(self, model, video, events, score, iou, more=()):
        command = [self.python, self.script, model, video, events, *self.arguments, *more, "--score", score, "--iou", iou]
        with open(events.with_suffix(".stderr"), "w+", encoding="utf-8") as errors:
            process = subprocess.Popen(
                list(map(str, command)), stdout=subprocess.PIPE, stderr=errors, text=True, cwd=bench.ROOT,
                env=os.environ | self.environment)
            output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                errors.seek(0)
                return {"error": last_line(errors.read())}
        said = json.loads(last_line(output))
        cpu = usage.ru_utime + usage.ru_stime - said["startup_cpu_s"]
        return {"frames": said["frames"], "input": said["input"], "fps": said["frames"] / said["seconds"],
                "cpu_ms_per_frame": 1000 * cpu / said["frames"], "peak_rss_mb": usage.ru_maxrss / 1024,
                "versions": said["versions"], "precision": said.get("precision")}


class Edgepipe(Program):
    """edgepipe at one input shape; `source` has more options for its decoder."""

    def __init__(self, name, text, options, clip, shape, model=None, source=None):
        super().__init__(name, text, "edgepipe")
        self.options, self.clip, self.shape = options, clip, shape
        self.model, self.source = model or options.model, source or {}

    def run(self):
        return self._run(self.clip, self.events("clip"), self.shape, score=SCORE, iou=IOU)

    def accuracy(self):
        events = self.events("pictures")
        self._run(PICTURES, events, "square", score=LOW_SCORE, iou=LOW_IOU, maxDetections=300)
        return average_precision(self.options.python, events)

    def _run(self, video, events, shape, **detector):
        path, _ = bench.pipeline(
            events.stem, video, self.options, shape, source=self.source, model=str(self.model), **detector)
        report = bench.run(self.options, path, environment=self.environment)
        return {"frames": report["ledger"]["delivered"], "fps": report["fps"],
                "cpu_ms_per_frame": bench.overhead(report)["cpu_ms_per_frame"],
                "peak_rss_mb": report["process"]["peak_rss_mb"], "input": report["models"][0]["input_sizes"][0],
                "versions": {"edgepipe": report["edgepipe"], "engine": report["engine"]}}
