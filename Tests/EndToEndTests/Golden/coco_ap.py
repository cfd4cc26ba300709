#!/usr/bin/env python3
"""Compares edgepipe's detections on annotated pictures with a reference: cv2, ONNX Runtime and NumPy, judged by
pycocotools.

usage: coco_ap.py --events EVENTS --images FOLDER --annotations INSTANCES --model YOLOX.onnx

EVENTS is what sink.jsonl wrote for the folder as the source, with score 0.001, iou 0.65, maxDetections 300 and
shape square. The reference scales with cv2.INTER_AREA to sizes rounded down, pads at the right and the bottom with 114,
and suppresses class by class. Prints one line of JSON:

  pictures                     pictures with annotations
  ap, ap50                     of edgepipe's detections, average precision over IoU 0.50 to 0.95, and at 0.50
  reference_ap, reference_ap50 of the reference's
  ap_ratio                     ap / reference_ap
  confident                    detections of the reference that score above 0.4
  matched                      those of them that edgepipe also has: same class, IoU above 0.95, one each
  match_rate                   matched / confident
"""
import argparse
import contextlib
import io
import json
import os

import cv2
import numpy as np
import onnxruntime
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

SIDE = 416
STRIDES = (8, 16, 32)
SCORE, IOU, MAXIMUM = 0.001, 0.65, 300
CONFIDENT, SAME_BOX = 0.4, 0.95


def overlap(box, boxes):
    """IoU of one x, y, width, height box with many."""
    near = np.maximum(box[:2], boxes[:, :2])
    far = np.minimum(box[:2] + box[2:], boxes[:, :2] + boxes[:, 2:])
    shared = np.prod(np.clip(far - near, 0, None), axis=1)
    return shared / (np.prod(box[2:]) + np.prod(boxes[:, 2:], axis=1) - shared)


def suppress(boxes, scores, classes):
    """Greedy, class by class; the best first, at most MAXIMUM."""
    kept = []
    for index in np.unique(classes):
        rest = np.flatnonzero(classes == index)
        rest = rest[np.argsort(-scores[rest], kind="stable")]
        while rest.size:
            kept.append(rest[0])
            rest = rest[1:][overlap(boxes[rest[0]], boxes[rest[1:]]) <= IOU]
    kept = np.array(kept, dtype=int)
    return kept[np.argsort(-scores[kept], kind="stable")][:MAXIMUM]


class Reference:
    def __init__(self, model):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.name = self.session.get_inputs()[0].name
        cells = [np.stack(np.meshgrid(np.arange(SIDE // s), np.arange(SIDE // s)), 2).reshape(-1, 2) for s in STRIDES]
        self.cells = np.concatenate(cells)
        self.strides = np.concatenate([np.full((len(c), 1), s) for c, s in zip(cells, STRIDES)])

    def detect(self, picture):
        height, width = picture.shape[:2]
        ratio = min(SIDE / height, SIDE / width)
        size = (int(width * ratio), int(height * ratio))
        canvas = np.full((SIDE, SIDE, 3), 114, np.uint8)
        canvas[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        tensor = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], dtype=np.float32)
        rows = self.session.run(None, {self.name: tensor})[0][0]
        centres = (rows[:, :2] + self.cells) * self.strides
        sizes = np.exp(rows[:, 2:4]) * self.strides
        near, far = (centres - sizes / 2) / ratio, (centres + sizes / 2) / ratio
        scores = rows[:, 4:5] * rows[:, 5:]
        cell, classes = np.nonzero(scores > SCORE)
        boxes = np.concatenate((near, far - near), axis=1)[cell]
        scores = scores[cell, classes]
        kept = suppress(boxes, scores, classes)
        # Clipped to the picture last, as edgepipe does: suppression sees the whole boxes.
        near, far = boxes[kept, :2], boxes[kept, :2] + boxes[kept, 2:]
        near, far = np.clip(near, 0, (width, height)), np.clip(far, 0, (width, height))
        return np.concatenate((near, far - near), axis=1), scores[kept], classes[kept]


def average_precision(truth, results):
    """AP and AP50 of {picture id: (boxes, scores, class indices)}."""
    categories = sorted(truth.getCatIds())
    rows = [
        {"image_id": picture, "category_id": categories[int(c)], "bbox": [float(v) for v in b], "score": float(s)}
        for picture, found in results.items()
        for b, s, c in zip(*found)
    ]
    if not rows:
        return 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, truth.loadRes(rows), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0]), float(evaluation.stats[1])


def matches(reference, found):
    """How many confident detections of the reference `found` has too; each of its detections counts once."""
    boxes, scores, classes = reference
    free = np.ones(len(found[1]), bool)
    matched = 0
    confident = np.flatnonzero(scores > CONFIDENT)
    for index in confident:
        same = np.flatnonzero(free & (found[2] == classes[index]))
        if not same.size:
            continue
        ious = overlap(boxes[index], found[0][same])
        if ious.max() > SAME_BOX:
            free[same[ious.argmax()]] = False
            matched += 1
    return matched, len(confident)


def read_events(path, ids):
    """{picture id: (boxes, scores, class indices)} of the `frame` lines; a picture is known by its file's name."""
    results = {}
    with open(path, encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["type"] != "frame":
                continue
            picture = ids[os.path.basename(row["source"])]
            if picture in results:
                raise SystemExit(f"coco_ap.py: {path}: {row['source']} occurs twice")
            found = row["detections"]
            boxes = [[d["box"][key] for key in ("x", "y", "width", "height")] for d in found]
            results[picture] = (
                np.array(boxes, dtype=float).reshape(-1, 4),
                np.array([d["score"] for d in found], dtype=float),
                np.array([d["class"] for d in found], dtype=int),
            )
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--events", "--images", "--annotations", "--model"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(options.annotations)
    pictures = truth.loadImgs(truth.getImgIds())
    ids = {picture["file_name"]: picture["id"] for picture in pictures}
    events = read_events(options.events, ids)
    missing = [picture["file_name"] for picture in pictures if picture["id"] not in events]
    if missing:
        raise SystemExit(f"coco_ap.py: {options.events}: no frame for {len(missing)} pictures, such as {missing[0]}")

    detector = Reference(options.model)
    reference = {
        picture["id"]: detector.detect(cv2.imread(os.path.join(options.images, picture["file_name"])))
        for picture in pictures
    }
    counts = [matches(reference[picture], events[picture]) for picture in reference]
    matched, confident = (sum(column) for column in zip(*counts))
    ap, ap50 = average_precision(truth, events)
    reference_ap, reference_ap50 = average_precision(truth, reference)
    print(json.dumps({
        "pictures": len(pictures),
        "ap": round(ap, 5), "ap50": round(ap50, 5),
        "reference_ap": round(reference_ap, 5), "reference_ap50": round(reference_ap50, 5),
        "ap_ratio": round(ap / reference_ap, 5) if reference_ap else None,
        "confident": confident, "matched": matched,
        "match_rate": round(matched / confident, 5) if confident else None,
    }))


if __name__ == "__main__":
    main()
