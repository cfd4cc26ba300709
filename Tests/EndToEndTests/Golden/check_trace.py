"""Checks a file against the Trace Event Format, as Perfetto and chrome://tracing read it, and prints what is in it.

usage: check_trace.py TRACE.json

From the format's document (Google, 2016): phases M, X, s, t, f, i and C with their keys; complete events of a thread
nest; a flow event binds to the slice that encloses it ("f" only with "bp": "e"), a flow has one start and one end.
Beyond it: a thread's events are in the order of time, every track has a name, a frame has an arrow of its own.
"""
import collections
import json
import sys

KEYS = {
    "M": {"name", "args"}, "X": {"name", "cat", "ts", "dur", "tid"}, "s": {"name", "cat", "id", "ts", "tid"},
    "t": {"name", "cat", "id", "ts", "tid"}, "f": {"name", "cat", "id", "ts", "tid", "bp"},
    "i": {"name", "ts", "tid", "s"}, "C": {"name", "ts", "args"},
}


def nanoseconds(value):
    """The format's microseconds as nanoseconds, the way Perfetto computes them: what is lost by it must not matter."""
    return int(value * 1000)


def check(root):
    events = root["traceEvents"]
    names, flows, counters = {}, collections.defaultdict(list), collections.defaultdict(list)
    tracks = collections.defaultdict(list)
    for event in events:
        assert event["ph"] in KEYS, event
        assert KEYS[event["ph"]] | {"pid"} <= event.keys(), event
        if "ts" in event:
            assert event["ts"] >= 0, event
        if event["ph"] == "M":
            if event["name"] == "thread_name":
                names[event["tid"]] = event["args"]["name"]
        elif event["ph"] == "C":
            assert all(isinstance(value, (int, float)) for value in event["args"].values()), event
            counters[event["name"]].append(event["ts"])
        else:
            tracks[event["tid"]].append(event)
    for name, times in counters.items():
        assert times == sorted(times), f"{name} goes back in time"
    assert set(tracks) <= set(names), f"tracks without a name: {set(tracks) - set(names)}"

    slices, losses = collections.Counter(), collections.Counter()
    for track, content in tracks.items():
        last, open_slices = 0, []
        for event in content:
            now = nanoseconds(event["ts"])
            assert now >= last, f"{names[track]}: {event} goes back in time"
            last = now
            while open_slices and open_slices[-1][1] <= now:
                open_slices.pop()
            if event["ph"] == "X":
                end = now + nanoseconds(event["dur"])
                assert event["dur"] > 0, event
                assert not open_slices or end <= open_slices[-1][1], f"{names[track]}: {event} overlaps {open_slices[-1]}"
                open_slices.append((event, end))
                slices[event["cat"], event["name"]] += 1
            elif event["ph"] == "i":
                assert event["s"] in "gpt", event
                losses[event["args"]["stage"], event["args"]["reason"]] += 1
            else:
                assert event["ph"] != "f" or event["bp"] == "e", event
                assert open_slices, f"{names[track]}: {event} binds to no slice"
                inner = open_slices[-1][0]
                assert inner["cat"] == "work", f"{event} binds to {inner}"
                flows[event["id"]].append((now, event["ph"], inner["args"]["stream"], inner["args"]["frame"], inner["name"]))

    frames = set()
    for flow, steps in flows.items():
        steps.sort(key=lambda step: (step[0], "stf".index(step[1])))
        phases = "".join(step[1] for step in steps)
        assert phases == "s" + "t" * (len(steps) - 2) + "f", f"flow {flow}: {phases}"
        assert len({step[2:4] for step in steps}) == 1, f"flow {flow} leads through several frames: {steps}"
        assert len({step[4] for step in steps}) == len(steps), f"flow {flow} meets a stage twice: {steps}"
        assert steps[0][2:4] not in frames, f"frame {steps[0][2:4]} has two flows"
        frames.add(steps[0][2:4])
    return {
        "work": {name: count for (kind, name), count in slices.items() if kind == "work"},
        "losses": {f"{stage} {reason}": count for (stage, reason), count in losses.items()},
        "flows": len(flows), "threads": sorted(names.values()), "counters": sorted(counters),
        "without_room": root["otherData"]["events_without_room"],
    }


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print(json.dumps(check(json.load(file))))
