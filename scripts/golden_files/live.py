"""What only a run that goes on shows: its metrics and its control socket; and what lies in a trace."""
import collections
import json
import re
import signal
import struct
import sys
import time
import urllib.request

from . import inputs, masks

_KINDS = {1: "manifest", 2: "facts", 3: "stream", 4: "media", 5: "frame", 6: "health", 7: "count", 8: "streamFailure",
          9: "streamEnd", 10: "taken", 11: "notice", 12: "lost", 13: "instant", 14: "cut", 15: "end", 16: "closed",
          17: "settled"}


def trace(program, name, path):
    """The kinds of records in a trace and how many there are; the order of threads is in no two traces the same."""
    data = (program.folder / path).read_bytes()
    program.keep(name, f"{data[:8]!r} version {struct.unpack_from('<I', data, 8)[0]}\n")
    offset, counts, texts = 16, collections.Counter(), []
    while offset < len(data):
        length, _, kind = struct.unpack_from("<IIB", data, offset)
        counts[_KINDS.get(kind, kind)] += 1
        if kind in (1, 2):
            # Before the text stands its length, seven bits a byte.
            text = re.sub(rb"^[\x80-\xff]*[\x00-\x7f]", b"", data[offset + 9:offset + 9 + length], count=1)
            texts.append(text.decode())
        offset += 9 + length
    # What clocks say is noted where it is asked for.
    program.keep(name, "".join(f"{kind} {count}\n" for kind, count in sorted(counts.items(), key=str)))
    for text in texts:
        program.keep(name, masks.json_text(text, lambda value: masks.masked(without_times(value))))


def without_times(manifest):
    """The name of the program's version, dates and numbers of a trace's manifest have other names than a report's."""
    if isinstance(manifest, dict):
        return {key: "(masked)" if key in ("created", "created_ns", "edgepipe") else one for key, one in manifest.items()}
    return manifest


def wait_for(what, condition, process):
    """Until the condition gives something: a run says by itself when it is ready."""
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    sys.exit(f"golden: {what} did not arrive")


def collect(program):
    program.write("live.json", inputs.LIVE)
    process = program.start(
        "run", "live.json", "--metrics", "0", "--control", "c.sock", errors="live.txt")
    try:
        talk(program, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    program.keep("live/run", f"exit {process.returncode}\n")
    program.keep("live/run", masks.words(program.read("live.txt")))


def talk(program, process):
    found = wait_for(
        "the address of the metrics",
        lambda: re.search(r"http://127\.0\.0\.1:(\d+)/metrics", program.read("live.txt")), process)
    control = ("--control", "c.sock")

    def have_ended(count):
        streams = json.loads(program.run("ctl", "list", "--json", *control).stdout or "[]")
        return len(streams) == count and all(
            one["state"] == "ended" and one["admitted"] == one["delivered"] > 0 for one in streams)

    wait_for("the end of the streams", lambda: have_ended(1), process)
    program.record("live/control", "ctl", "list", "--json", *control, output=masks.json_text)
    program.record("live/control", "ctl", "add-stream", "b", "pictures", *control)
    wait_for("the end of the new stream", lambda: have_ended(2), process)
    for arguments in (("add-stream", "not good", "pictures"), ("remove-stream", "nobody"),
                      ("remove-stream", "b"), ("add-stream", "c", "${GOLDEN_NO_SUCH_VARIABLE}"), ("list",)):
        program.record("live/control", "ctl", *arguments, *control, output=masks.words)
    program.record("live/control", "ctl", "list", "--json", *control, output=masks.json_text)

    def page():
        with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        # Power is there from its second reading on, about a second after the start.
        return text if "\nedgepipe_power_watts{" in text else None

    text = wait_for("the power on the metrics page", page, process)
    # A limit on memory is there in a container only.
    lines = [line for line in text.splitlines() if line and "_memory_" not in line]
    program.keep("live/metrics", "".join(line + "\n" for line in lines if line.startswith("#")))
    series = {line.rsplit(" ", 1)[0] for line in lines if not line.startswith("#")}
    program.keep("live/series", "".join(sorted(
        {re.sub(r'\b(le|version|engine|method)="[^"]*"', r'\1="..."', one) + "\n" for one in series})))
    program.record("live/control", "ctl", "drain", *control)
    process.wait(timeout=120)
