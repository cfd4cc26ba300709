#!/usr/bin/env python3
"""Reads what sink.coco has written with pycocotools, the reference implementation of the format.

usage: read_coco.py dataset FILE         prints its images, annotations and category names as JSON
       read_coco.py results TRUTH FILE   reads the results with the dataset TRUTH and prints them with their AP at IoU 0.5
"""
import contextlib
import io
import json
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def dataset(file):
    coco = COCO(file)
    names = {category["id"]: category["name"] for category in coco.loadCats(coco.getCatIds())}
    return {
        "images": coco.loadImgs(sorted(coco.getImgIds())),
        "annotations": [
            {"image": one["image_id"], "name": names[one["category_id"]], "bbox": one["bbox"], "score": one["score"]}
            for one in coco.loadAnns(sorted(coco.getAnnIds()))],
        "names": [names[key] for key in sorted(names)]}


def results(truth, file):
    coco = COCO(truth)
    found = coco.loadRes(file)
    evaluation = COCOeval(coco, found, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    names = {category["id"]: category["name"] for category in coco.loadCats(coco.getCatIds())}
    return {
        "annotations": [
            {"image": one["image_id"], "name": names[one["category_id"]], "bbox": one["bbox"], "score": one["score"]}
            for one in found.loadAnns(sorted(found.getAnnIds()))],
        "ap50": float(evaluation.stats[1])}


with contextlib.redirect_stdout(io.StringIO()):
    answer = {"dataset": dataset, "results": results}[sys.argv[1]](*sys.argv[2:])
print(json.dumps(answer))
