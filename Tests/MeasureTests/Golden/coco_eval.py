#!/usr/bin/env python3
"""Evaluates detections with pycocotools, the reference implementation of COCO's figures.

usage: coco_eval.py FOLDER...

Each FOLDER holds instances.json and predictions.json. Prints one line of JSON for each: `figures` (the twelve of the
summary), `categories` (by id, the same twelve of each category, as means over its slice of pycocotools' arrays) and
`precision` ([10 IoU thresholds x 101 recall levels], the mean over the categories that have ground truth). Figures for
which there is no ground truth are null; pycocotools gives -1.
"""
import contextlib
import io
import json
import os
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

# Name, whether it is a recall, IoU threshold or None for the mean over all, area range, most detections.
FIGURES = [
    ("ap", False, None, "all", 100), ("ap50", False, 0.5, "all", 100), ("ap75", False, 0.75, "all", 100),
    ("ap_small", False, None, "small", 100), ("ap_medium", False, None, "medium", 100),
    ("ap_large", False, None, "large", 100),
    ("ar_1", True, None, "all", 1), ("ar_10", True, None, "all", 10), ("ar_100", True, None, "all", 100),
    ("ar_small", True, None, "small", 100), ("ar_medium", True, None, "medium", 100),
    ("ar_large", True, None, "large", 100),
]


def mean(values):
    values = values[values > -1]
    return float(np.mean(values)) if values.size else None


def evaluate(folder):
    truth = COCO(os.path.join(folder, "instances.json"))
    with open(os.path.join(folder, "predictions.json"), encoding="utf-8") as file:
        rows = json.load(file)
    if rows:
        found = truth.loadRes(rows)
    else:  # loadRes takes no empty list
        found = COCO()
        found.dataset = {"images": truth.dataset["images"], "categories": truth.dataset["categories"], "annotations": []}
        found.createIndex()
    evaluation = COCOeval(truth, found, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    parameters = evaluation.params
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]

    def of_category(k, is_recall, iou, area, most):
        a, m = parameters.areaRngLbl.index(area), parameters.maxDets.index(most)
        slices = recall[:, k, a, m] if is_recall else precision[:, :, k, a, m]
        return mean(slices if iou is None else slices[np.where(iou == parameters.iouThrs)[0]])

    curves = precision[:, :, :, 0, -1]
    with_truth = [k for k in range(len(parameters.catIds)) if curves[0, 0, k] > -1]
    return {
        "figures": {
            figure[0]: None if value == -1 else float(value) for figure, value in zip(FIGURES, evaluation.stats)
        },
        "categories": {
            str(identifier): {figure[0]: of_category(k, *figure[1:]) for figure in FIGURES}
            for k, identifier in enumerate(parameters.catIds)
        },
        "precision": curves[:, :, with_truth].mean(axis=2).tolist() if with_truth else [],
    }


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    for folder in sys.argv[1:]:
        with contextlib.redirect_stdout(io.StringIO()):
            result = evaluate(folder)
        print(json.dumps(result))


if __name__ == "__main__":
    main()
