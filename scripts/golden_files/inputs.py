"""Inputs that are the same on every machine: a small Darknet network, cost files, wattmeter readings, bad pipelines."""
import random
import struct

# --- A network with what the compression steps look for: shortcuts, a route, an upsampling, two strides.


def _convolution(filters, size, stride=1, normalized=True, activation="leaky"):
    normal = "batch_normalize=1\n" if normalized else ""
    return (f"[convolutional]\n{normal}filters={filters}\nsize={size}\nstride={stride}\npad=1\n"
            f"activation={activation}\n\n")


def _yolo(mask):
    return f"[yolo]\nmask={mask}\nanchors=6,6, 10,12, 16,14, 24,28, 36,30, 48,52\nclasses=2\nnum=6\n\n"


class Darknet:
    """A detector of two classes, with so many more convolutions in its middle. What is plain can be in integers."""

    def __init__(self, more=0, is_plain=False):
        mish, swish = ("leaky", "leaky") if is_plain else ("mish", "swish")
        self.cfg = (
            "[net]\nwidth=96\nheight=96\nchannels=3\n\n" + _convolution(8, 3, 2) + _convolution(16, 3, 2)
            + _convolution(16, 3, activation=mish) + _convolution(16, 3) * more
            + f"[shortcut]\nfrom={-2 - more}\nactivation=linear\n\n" + _convolution(24, 3, 2)
            + _convolution(32, 3, 2) + "[maxpool]\nsize=3\nstride=1\n\n" + _convolution(32, 3, 2, activation=swish)
            + _convolution(21, 1, normalized=False, activation="linear") + _yolo("3,4,5") + "[route]\nlayers=-3\n\n"
            + _convolution(16, 1) + f"[upsample]\nstride=2\n\n[route]\nlayers=-1,{6 + more}\n\n" + _convolution(24, 3)
            + _convolution(21, 1, normalized=False, activation="linear") + _yolo("0,1,2"))
        # The filters and the number of inputs of each convolution's weights, in order, and whether it is normalized.
        self._layers = [
            (8, 3 * 9, True), (16, 8 * 9, True), *[(16, 16 * 9, True)] * (1 + more), (24, 16 * 9, True),
            (32, 24 * 9, True), (32, 32 * 9, True), (21, 32, False), (16, 32, True), (24, 48 * 9, True), (21, 24, False)]

    def weights(self):
        draw = random.Random(7)
        values = []
        for filters, inputs, normalized in self._layers:
            values += [draw.uniform(-0.5, 0.5) for _ in range(filters)]
            if normalized:
                values += [draw.uniform(0.8, 1.2) for _ in range(filters)]
                values += [draw.uniform(-0.2, 0.2) for _ in range(filters)]
                values += [draw.uniform(0.5, 1.5) for _ in range(filters)]
            reach = (6 / inputs) ** 0.5
            values += [draw.uniform(-reach, reach) for _ in range(filters * inputs)]
        return struct.pack("<iiiq", 0, 2, 0, 0) + struct.pack(f"<{len(values)}f", *values)


def picture(number):
    """A picture of 320 x 240 with a gradient and a few blocks."""
    draw = random.Random(number)
    rows = [bytearray(b"".join(bytes((x * 255 // 319, y * 255 // 239, (x + y) % 256)) for x in range(320)))
            for y in range(240)]
    for _ in range(6):
        left, top = draw.randrange(280), draw.randrange(200)
        color = bytes(draw.randrange(256) for _ in range(3))
        for row in rows[top:top + 40]:
            row[3 * left:3 * left + 120] = color * 40
    return b"P6 320 240 255\n" + b"".join(rows)


# --- Files of other commands

READINGS = "busy_cores,watts\n0,2.7\n1,3.6\n2,4.5\n4,6.4\n"

BAD_COSTS = '{"version": 1, "currency": "EUR", "years": 0, "options": [{"name": "a", "device": 2}]}'

PREDICTIONS = """[
 {"image_id": 1, "category_id": 1, "bbox": [10, 10, 40, 80], "score": 0.9},
 {"image_id": 1, "category_id": 3, "bbox": [100, 20, 60, 30], "score": 0.8},
 {"image_id": 2, "category_id": 1, "bbox": [15, 12, 50, 90], "score": 0.6},
 {"image_id": 2, "category_id": 3, "bbox": [0, 0, 20, 20], "score": 0.4}
]
"""
ANNOTATIONS = """{
 "images": [{"id": 1, "file_name": "1.png", "width": 320, "height": 240},
            {"id": 2, "file_name": "2.png", "width": 320, "height": 240}],
 "annotations": [
  {"id": 1, "image_id": 1, "category_id": 1, "bbox": [12, 10, 40, 78], "area": 3120, "iscrowd": 0},
  {"id": 2, "image_id": 1, "category_id": 3, "bbox": [100, 22, 60, 30], "area": 1800, "iscrowd": 0},
  {"id": 3, "image_id": 2, "category_id": 1, "bbox": [15, 12, 48, 96], "area": 4608, "iscrowd": 0}],
 "categories": [{"id": 1, "name": "person"}, {"id": 3, "name": "car"}]
}
"""

# --- Pipelines

SYNTHETIC = """{ "version": 1, "name": "synthetic", "stages": [
  { "id": "in", "type": "source.synthetic", "config": { "streams": 2, "frames": 12, "live": false, "fps": 25 } },
  { "id": "left", "type": "detect.null", "after": ["in"], "workers": 2 },
  { "id": "right", "type": "detect.null", "after": ["in"] },
  { "id": "sort", "type": "track.sort", "after": ["left", "right"] },
  { "id": "byte", "type": "track.bytetrack", "after": ["sort"] },
  { "id": "zones", "type": "analytics.zones", "after": ["byte"], "config": {
      "zones": [{ "name": "door", "points": [[10, 10], [200, 10], [200, 200]] }] } },
  { "id": "lines", "type": "analytics.lines", "after": ["zones"], "config": {
      "lines": [{ "name": "gate", "points": [[5000, 10], [5000, 200]] }] } },
  { "id": "out", "type": "sink.jsonl", "after": ["lines"], "config": { "path": "out/synthetic.jsonl" } },
  { "id": "end", "type": "sink.null", "after": ["lines"] } ] }
"""

SOURCE = '{ "id": "in", "type": "source.synthetic", "config": { "frames": 3, "live": false } }'
SINK = '{ "id": "end", "type": "sink.null", "after": ["in"] }'


def pipeline(*stages, head='"version": 1, "name": "case"'):
    return "{ " + head + ', "stages": [\n  ' + ",\n  ".join(stages) + "\n] }\n"


LIVE = pipeline(
    '{ "id": "in", "type": "source.ffmpeg", "config": { "streams": [{ "id": "a", "url": "pictures" }] } }',
    '{ "id": "found", "type": "detect.null", "after": ["in"] }',
    '{ "id": "out", "type": "sink.jsonl", "after": ["found"], "config": { "path": "out/live.jsonl" } }')

SMALL_PIPELINE = pipeline(
    '{ "id": "in", "type": "source.ffmpeg", "config": { "url": "pictures" } }',
    '{ "id": "scale", "type": "preprocess.letterbox", "after": ["in"] }',
    '{ "id": "objects", "type": "detect.yolo", "after": ["scale"], "config": { "model": "small", "shape": "square" } }',
    '{ "id": "out", "type": "sink.jsonl", "after": ["objects"], "config": { "path": "out/small.jsonl" } }')

STREET = """{ "version": 1, "name": "street", "stages": [
  { "id": "camera", "type": "source.ffmpeg", "config": { "url": "samples/street-1080p.mp4", "maxFrames": 200 } },
  { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"], "config": { "for": ["objects", "faces"] } },
  { "id": "objects", "type": "detect.yolo", "after": ["scale"],
    "config": { "model": "yolov3-tiny", "interval": 6, "classes": ["person", "bicycle"] } },
  { "id": "faces", "type": "detect.face", "after": ["objects"],
    "config": { "model": "centerface", "score": 0.6, "interval": 30, "shape": [288, 512] } },
  { "id": "tracks", "type": "track.sort", "after": ["faces"] },
  { "id": "zones", "type": "analytics.zones", "after": ["tracks"], "config": { "units": "relative", "dwellS": 1, "zones": [
    { "name": "left", "points": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]] },
    { "name": "right", "points": [[0.5, 0], [1, 0], [1, 1], [0.5, 1]] }] } },
  { "id": "lines", "type": "analytics.lines", "after": ["zones"], "config": { "units": "relative",
    "lines": [{ "name": "post", "points": [[0.5, 0.31], [0.5, 0.62]], "directions": ["left", "right"] }] } },
  { "id": "out", "type": "sink.jsonl", "after": ["lines"], "config": { "path": "out/street.jsonl" } },
  { "id": "pictures", "type": "sink.snapshot", "after": ["lines"], "config": {
    "folder": "out/pictures", "everyS": 2, "onNewTrack": true } },
  { "id": "video", "type": "sink.video", "after": ["lines"], "config": { "path": "out/street.mp4", "height": 270 } } ] }
"""

OPTIONS = """{ "version": 1, "name": "options", "framesInFlight": 6, "stages": [
  { "id": "camera", "type": "source.ffmpeg", "config": { "url": "samples/street-1080p.mp4", "maxFrames": 60, "threads": 2,
    "skip": { "loopFilter": "none" } } },
  { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
  { "id": "objects", "type": "detect.yolo", "after": ["scale"], "workers": 2,
    "config": { "model": "yolov3-tiny", "shape": "square", "score": 0.1, "maxRate": 5, "maxDetections": 20 } },
  { "id": "faces", "type": "detect.face", "after": ["scale"],
    "config": { "model": "yunet-n", "shape": [192, 320], "score": 0.5, "onMotion": { "area": 0.01, "settleS": 0.2 } } },
  { "id": "follow", "type": "track.bytetrack", "after": ["objects", "faces"], "config": {
    "onlyTracked": true, "stages": ["objects"] } },
  { "id": "zones", "type": "analytics.zones", "after": ["follow"], "config": { "debounceS": 0.1, "anchor": "center",
    "events": ["enter", "leave", "occupancy"],
    "zones": [{ "name": "all", "points": [[0, 0], [1920, 0], [1920, 1080], [0, 1080]] }] } },
  { "id": "out", "type": "sink.jsonl", "after": ["zones"], "config": { "path": "out/options.jsonl" } },
  { "id": "events", "type": "sink.jsonl", "after": ["zones"],
    "config": { "path": "out/options-events.jsonl", "frames": "events" } },
  { "id": "pictures", "type": "sink.snapshot", "after": ["zones"], "config": {
    "folder": "out/options-pictures", "everyS": 1, "onNewLabel": true, "format": "png", "labels": false } },
  { "id": "video", "type": "sink.video", "after": ["zones"], "config": {
    "path": "out/options-{stream}.mp4", "height": 360, "crf": 30, "zones": false } },
  { "id": "end", "type": "sink.null", "after": ["camera"] } ] }
"""

COSTS = """{ "version": 1, "currency": "EUR", "years": 2, "options": [
  { "name": "here", "devices": 2, "hardware": { "pricePerDevice": 300, "depreciationRate": 0.1 },
    "energy": { "hoursPerYear": 8760, "pricePerKWh": 0.3 }, "benefitsPerYear": 900 } ] }
"""

GOOD = pipeline(SOURCE, SINK)

BAD_PIPELINES = {
    "no-json": "stages: none\n",
    "cut-off": '{ "version": 1, "stages": [',
    "empty": "",
    "no-object": "[]\n",
    "no-stages": '{ "version": 1 }\n',
    "version": pipeline(SOURCE, SINK, head='"version": 7'),
    "no-version": '{ "stages": [] }\n',
    "unknown-key": pipeline(SOURCE, SINK, head='"version": 1, "bugdet": {}'),
    "duplicate-key": '{ "version": 1, "version": 1, "stages": [' + SOURCE + ", " + SINK + "] }\n",
    "unknown-type": pipeline(SOURCE, '{ "id": "end", "type": "sink.nul", "after": ["in"] }'),
    "unknown-option": pipeline('{ "id": "in", "type": "source.synthetic", "config": { "frame": 3 } }', SINK),
    "wrong-type": pipeline('{ "id": "in", "type": "source.synthetic", "config": { "frames": "many" } }', SINK),
    "out-of-range": pipeline(
        '{ "id": "in", "type": "source.synthetic", "config": { "fps": -1 } }',
        '{ "id": "end", "type": "sink.null", "after": ["in"], "workers": 99, "queue": { "capacity": 0 } }'),
    "overflow": pipeline(
        SOURCE, '{ "id": "end", "type": "sink.null", "after": ["in"], "queue": { "overflow": "dropOldes" } }'),
    "duplicate-id": pipeline(SOURCE, SINK, SINK),
    "bad-id": pipeline(SOURCE, '{ "id": "the end", "type": "sink.null", "after": ["in"] }'),
    "unknown-after": pipeline(SOURCE, '{ "id": "end", "type": "sink.null", "after": ["inn"] }'),
    "cycle": pipeline(
        SOURCE, '{ "id": "a", "type": "detect.null", "after": ["in", "b"] }',
        '{ "id": "b", "type": "detect.null", "after": ["a"] }', '{ "id": "end", "type": "sink.null", "after": ["b"] }'),
    "leads-nowhere": pipeline(SOURCE, SINK, '{ "id": "lost", "type": "detect.null", "after": ["in"] }'),
    "no-source": pipeline('{ "id": "end", "type": "sink.null" }'),
    "after-a-sink": pipeline(SOURCE, SINK, '{ "id": "more", "type": "sink.null", "after": ["end"] }'),
    "two-workers": pipeline(
        SOURCE, '{ "id": "t", "type": "track.sort", "after": ["in"], "workers": 2 }',
        '{ "id": "end", "type": "sink.null", "after": ["t"] }'),
    "missing-model": pipeline(
        '{ "id": "in", "type": "source.ffmpeg", "config": { "url": "samples/street-1080p.mp4" } }',
        '{ "id": "scale", "type": "preprocess.letterbox", "after": ["in"] }',
        '{ "id": "o", "type": "detect.yolo", "after": ["scale"], "config": { "model": "yolov9-huge" } }',
        '{ "id": "end", "type": "sink.null", "after": ["o"] }'),
    "no-url": pipeline('{ "id": "in", "type": "source.ffmpeg" }', SINK),
    "bad-url": pipeline(
        '{ "id": "in", "type": "source.ffmpeg", "config": { "url": "rtsp://me:a#b@camera/" } }', SINK),
    "no-variable": pipeline(
        '{ "id": "in", "type": "source.ffmpeg", "config": { "url": "${GOLDEN_NO_SUCH_VARIABLE}" } }', SINK),
    "one-file-twice": pipeline(
        SOURCE, '{ "id": "a", "type": "sink.jsonl", "after": ["in"], "config": { "path": "out/a.jsonl" } }',
        '{ "id": "b", "type": "sink.jsonl", "after": ["in"], "config": { "path": "out/../out/a.jsonl" } }'),
    "one-video-for-two": pipeline(
        '{ "id": "in", "type": "source.ffmpeg", "config": { "streams": ['
        '{ "id": "a", "url": "a.mp4" }, { "id": "b", "url": "b.mp4" }] } }',
        '{ "id": "end", "type": "sink.video", "after": ["in"], "config": { "path": "out/v.mp4" } }'),
    "zones": pipeline(
        SOURCE, '{ "id": "z", "type": "analytics.zones", "after": ["in"], "config": { "zones": ['
        '{ "name": "a", "points": [[0, 0], [10, 10], [10, 0], [0, 10]] },'
        ' { "name": "b", "points": [[0, 0], [10, 10], [10, 0]], "streams": ["nobody"] }] } }',
        '{ "id": "end", "type": "sink.null", "after": ["z"] }'),
    "two-corners": pipeline(
        SOURCE, '{ "id": "z", "type": "analytics.zones", "after": ["in"], "config": {'
        ' "zones": [{ "name": "a", "points": [[0, 0], [10, 10]] }] } }',
        '{ "id": "end", "type": "sink.null", "after": ["z"] }'),
    "labels": pipeline(
        SOURCE, '{ "id": "t", "type": "track.sort", "after": ["in"], "config": { "stages": ["objects"] } }',
        '{ "id": "end", "type": "sink.null", "after": ["t"] }'),
    "no-letterbox": pipeline(
        '{ "id": "in", "type": "source.ffmpeg", "config": { "url": "samples/street-1080p.mp4" } }',
        '{ "id": "o", "type": "detect.yolo", "after": ["in"], "config": { "model": "small" } }',
        '{ "id": "end", "type": "sink.null", "after": ["o"] }'),
    "many-mistakes": pipeline(
        '{ "id": "in", "type": "source.synthetic", "config": { "fps": 0, "streems": 2 } }',
        '{ "id": "end", "type": "sink.jsonl", "after": ["im"], "config": { "append": 1 } }', head='"version": "1"'),
}
