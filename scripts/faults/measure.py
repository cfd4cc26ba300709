"""What is checked of every row, and how it is shown."""
import dataclasses
import time

MEGABYTE = 1 << 20


@dataclasses.dataclass
class Policy:
    """How edgepipe reconnects in these runs, and what follows from it."""

    timeout_s: float
    # A stall is known after so many seconds: FFmpeg gives its last packet out when the first wait for another one ends,
    # so that two of them may pass. One more second for how frames and polls lie.
    noticed_s: float
    source_config: dict
    # Seconds to the first frame after a camera is back, for a short and for a long fault.
    back_s: float
    back_long_s: float
    warm_up_s: float
    settle_s: float
    # Seconds between two tries with a refused password.
    refused_s: float
    # Resident memory may grow by so much after the warm-up. A short run is still warming up.
    growth: float


FULL = Policy(timeout_s=10, noticed_s=21, source_config={}, back_s=10, back_long_s=60, warm_up_s=20, settle_s=10, refused_s=60,
              growth=0.05)
QUICK = Policy(timeout_s=1.5, noticed_s=4, source_config={
    "stallS": 2, "reconnect": {"minS": 0.1, "maxS": 0.5, "resetS": 1}, "refusedS": 1},
    back_s=5, back_long_s=5, warm_up_s=1.5, settle_s=1.5, refused_s=1, growth=0.15)


class Result:
    """Figures and checks of one row."""

    def __init__(self, row, name):
        self.row, self.name = row, name
        self.figures, self.checks, self.skipped, self.seconds = {}, [], None, 0.0

    def figure(self, name, value):
        self.figures[name] = round(value, 3) if isinstance(value, float) else value

    def check(self, name, holds, value, bound=""):
        value = round(value, 3) if isinstance(value, float) else value
        self.checks.append({"check": name, "holds": bool(holds), "value": value, "bound": bound})

    def at_most(self, name, value, bound):
        self.check(name, value is not None and value <= bound, value, f"<= {bound:g}")

    def at_least(self, name, value, bound):
        self.check(name, value is not None and value >= bound, value, f">= {bound:g}")

    def equal(self, name, value, expected):
        self.check(name, value == expected, value, f"= {expected}")

    @property
    def passed(self):
        return not self.skipped and bool(self.checks) and all(check["holds"] for check in self.checks)

    def document(self):
        return {"row": self.row, "name": self.name, "passed": self.passed, "skipped": self.skipped,
                "seconds": round(self.seconds, 1), "figures": self.figures, "checks": self.checks}

    def print(self):
        verdict = "skipped: " + self.skipped if self.skipped else "pass" if self.passed else "FAIL"
        print(f"row {self.row:>2}  {self.name}: {verdict} ({self.seconds:.0f} s)")
        for name, value in self.figures.items():
            print(f"        {name}: {value}")
        for check in self.checks:
            mark = "ok  " if check["holds"] else "FAIL"
            print(f"   {mark} {check['check']}: {check['value']}  ({check['bound']})")
        print(flush=True)


def line(points):
    """The slope and the mean of a fitted line."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return (sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0), mean_y


def rate(run, stream, since, until, fps=30):
    """Delivered frames as a share of what the camera sent."""
    return run.count(stream, since, until) / (fps * (until - since)) if until > since else None


def rises(values):
    values = list(values)
    return all(a < b for a, b in zip(values, values[1:]))


def ledger_of(report, stream=None):
    if stream:
        return (report.get("streams") or {}).get(stream, {})
    return report.get("ledger", {})


def begin(run, streams, policy, limit=20):
    """Waits until every stream delivers and the program is warm; returns the instant from which its level counts."""
    for stream in streams:
        run.wait_frames(stream, 5, limit)
    time.sleep(policy.warm_up_s)
    return time.monotonic() - policy.warm_up_s / 2


def conclude(rig, run, result, faults, before=None, after=None, healthy_from=None, status=0, limit=10.0):
    """Ends the run and checks what must hold in every row.

    faults: how many faults each stream had, {stream: count}; the healthy camera never has one.
    before, after: (from, until) instants between which memory, descriptors and threads are compared.
    """
    policy = rig.settings.policy
    end = time.monotonic()
    took = run.finish(seconds=limit + 20)
    result.equal("exit status", run.status, status)
    result.at_most("seconds from SIGTERM to the end", took, limit)
    result.equal("torn lines", run.torn, 0)
    report = run.report()
    ledger = ledger_of(report)
    result.check("the ledger balances, nothing in flight", ledger.get("balanced") is True and ledger.get("in_flight") == 0,
                 {key: ledger.get(key) for key in ("admitted", "delivered", "dropped", "failed", "in_flight")})
    if rig.healthy:
        first = healthy_from or run.frames_of("ok")[0][0] + 0.5
        share = rate(run, "ok", first, end)
        result.at_least("share of the healthy camera's frames", share, 0.95)
        faults = {**faults, "ok": 0}
    for stream, count in faults.items():
        result.equal(f"faults of '{stream}', started and ended", [len(run.faults(stream, kind)) for kind in ("start", "end")],
                     [count, count])
    for stream in run.frames:
        frames = run.frames_of(stream)
        result.check(f"media times and numbers of '{stream}' rise", rises(f[2] for f in frames) and rises(f[1] for f in frames),
                     f"{len(frames)} frames")
    if before and after:
        compare_levels(run, result, before, after, policy.growth)
    text = run.everything_written()
    result.equal("passwords in any output", sum(text.count(word) for word in rig.passwords), 0)
    return report


def compare_levels(run, result, before, after, growth):
    was, now = run.level(*before), run.level(*after)
    if not was or not now:
        result.check("memory, descriptors and threads were sampled", False, None)
        return
    result.check("resident memory after warm-up", now[0] <= was[0] * (1 + growth),
                 f"{was[0] / MEGABYTE:.1f} -> {now[0] / MEGABYTE:.1f} MB", f"<= +{growth * 100:g} %")
    result.check("descriptors", now[1] <= was[1], f"{was[1]} -> {now[1]}", "as before")
    result.check("threads", now[2] <= was[2], f"{was[2]} -> {now[2]}", "as before")


def counters(report):
    """All counters of the sources."""
    total = {}
    for stage in (report.get("stages") or {}).values():
        if stage.get("type", "").startswith("source."):
            for name, value in (stage.get("counters") or {}).items():
                total[name] = total.get(name, 0) + value
    return total
