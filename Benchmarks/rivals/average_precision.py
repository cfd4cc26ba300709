"""The average precision of results on annotated pictures, by pycocotools: a JSON object with `ap` (IoU 0.50 to 0.95).

usage: average_precision.py RESULTS.jsonl INSTANCES.json PICTURES

RESULTS has a line a picture of the folder PICTURES, in the order of their names.
"""
import contextlib
import io
import json
import os
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def main():
    results, instances, pictures = sys.argv[1:]
    with open(results, encoding="utf-8") as lines:
        frames = [row["detections"] for row in map(json.loads, lines) if row["type"] == "frame"]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(instances)
        categories = sorted(truth.getCatIds())
        ids = {picture["file_name"]: picture["id"] for picture in truth.loadImgs(truth.getImgIds())}
        found = [
            {"image_id": ids[name], "category_id": categories[detection["class"]], "score": detection["score"],
             "bbox": [detection["box"][key] for key in ("x", "y", "width", "height")]}
            for name, frame in zip(sorted(os.listdir(pictures)), frames, strict=True) for detection in frame
        ]
        evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    print(json.dumps({"ap": float(evaluation.stats[0])}))


if __name__ == "__main__":
    main()
