"""What the rivals share: reading pictures, the letterbox, YOLOX's boxes with NumPy, and what a script says at its end."""
import argparse
import itertools
import json
import os
import pathlib
import platform
import re
import time

import cv2
import numpy as np

SIDE = 416
STRIDES = (8, 16, 32)
PADDING = 114


def parser(engines):
    """A parser with what every rival is told."""
    options = argparse.ArgumentParser()
    options.add_argument("model")
    options.add_argument("video", help="a video, or a folder of pictures")
    options.add_argument("results")
    options.add_argument("--engine", choices=engines, default=engines[0])
    options.add_argument("--score", type=float, default=0.3)
    options.add_argument("--iou", type=float, default=0.45)
    return options


def pictures(path):
    """The frames of a video, or the pictures of a folder in the order of their names."""
    if os.path.isdir(path):
        yield from (cv2.imread(str(file)) for file in sorted(pathlib.Path(path).iterdir()))
        return
    video = cv2.VideoCapture(path)
    while True:
        ok, picture = video.read()
        if not ok:
            return
        yield picture


def spread(path, count):
    """As many of the pictures, from the first to the last."""
    total = len(os.listdir(path)) if os.path.isdir(path) else int(cv2.VideoCapture(path).get(cv2.CAP_PROP_FRAME_COUNT))
    step = max(1, total // count)
    return itertools.islice(pictures(path), 0, step * count, step)


def letterbox(picture, height=SIDE, width=SIDE):
    """The picture scaled into the top left corner of a padded input, as bytes, and the scale."""
    scale = min(height / picture.shape[0], width / picture.shape[1])
    scaled = cv2.resize(picture, (int(picture.shape[1] * scale), int(picture.shape[0] * scale)))
    padded = np.full((height, width, 3), PADDING, np.uint8)
    padded[:scaled.shape[0], :scaled.shape[1]] = scaled
    return padded, scale


def tensor(padded):
    """The letterboxed picture as floats, channel by channel."""
    return np.ascontiguousarray(padded.transpose(2, 0, 1)[None], dtype=np.float32)


class Boxes:
    """Turns the model's output into detections."""

    def __init__(self, score, iou, height=SIDE, width=SIDE):
        self.score, self.iou = score, iou
        grids, strides = [], []
        for stride in STRIDES:
            rows, columns = np.meshgrid(np.arange(height // stride), np.arange(width // stride), indexing="ij")
            grids.append(np.stack((columns, rows), 2).reshape(-1, 2))
            strides.append(np.full((grids[-1].shape[0], 1), stride))
        self.grid = np.concatenate(grids).astype(np.float32)
        self.strides = np.concatenate(strides).astype(np.float32)

    def detections(self, output, scale):
        """What is above the score after suppression within each class, in source pixels."""
        scores = output[:, 4:5] * output[:, 5:]
        classes = scores.argmax(1)
        best = scores[np.arange(len(classes)), classes]
        chosen = best > self.score
        output, best, classes, strides = output[chosen], best[chosen], classes[chosen], self.strides[chosen]
        centres = (output[:, :2] + self.grid[chosen]) * strides
        sizes = np.exp(output[:, 2:4]) * strides
        boxes = np.concatenate((centres - sizes / 2, sizes), 1) / scale
        kept = cv2.dnn.NMSBoxesBatched(boxes.tolist(), best.tolist(), classes.tolist(), self.score, self.iou)
        return [
            {"class": int(classes[i]), "score": round(float(best[i]), 4),
             "box": dict(zip(("x", "y", "width", "height"), (round(float(v), 2) for v in boxes[i])))}
            for i in kept
        ]


def line(frame, found):
    """A line of results, as edgepipe writes them."""
    return json.dumps({"type": "frame", "frame": frame, "detections": found}) + "\n"


class Clock:
    """Begun when the model is loaded and before the video is opened."""

    def __init__(self):
        self.startup_cpu = time.process_time()
        self.started = time.perf_counter()

    def report(self, frames, options, size, versions, **more):
        """The last line of standard output."""
        seconds = time.perf_counter() - self.started
        if frames == 0:
            raise SystemExit(f"no frame of {options.video} could be read")
        decoder = re.search(r"avcodec: +YES \(([0-9.]+)\)", cv2.getBuildInformation())
        opencv = cv2.__version__ + (f" with libavcodec {decoder[1]}" if decoder else "")
        known = {"python": platform.python_version(), "opencv": opencv, "numpy": np.__version__}
        print(json.dumps({"frames": frames, "seconds": seconds, "startup_cpu_s": self.startup_cpu, "input": size,
                          "versions": known | versions} | more))
