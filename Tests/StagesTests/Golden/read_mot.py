#!/usr/bin/env python3
"""Evaluates what sink.mot has written with trackeval, the reference implementation of the MOTChallenge figures.

usage: read_mot.py FOLDER LENGTH SEQUENCE...

The truth is in FOLDER/truth/SEQUENCE/gt/gt.txt, the tracks are in FOLDER/tracks/SEQUENCE.txt, and each sequence has
LENGTH frames. Prints for each sequence the boxes that were read (`dets`), their ids, and MOTA, IDF1 and HOTA.
"""
import contextlib
import io
import json
import sys

with contextlib.redirect_stdout(io.StringIO()):
    import trackeval


def evaluate(folder, length, sequences):
    dataset = trackeval.datasets.MotChallenge2DBox({
        "GT_FOLDER": folder + "/truth", "TRACKERS_FOLDER": folder, "TRACKERS_TO_EVAL": ["tracks"],
        "TRACKER_SUB_FOLDER": "", "SEQ_INFO": {name: length for name in sequences}, "SKIP_SPLIT_FOL": True,
        "OUTPUT_FOLDER": folder + "/figures", "DO_PREPROC": False, "PRINT_CONFIG": False})
    evaluator = trackeval.Evaluator({
        "USE_PARALLEL": False, "PRINT_CONFIG": False, "PRINT_RESULTS": False, "TIME_PROGRESS": False,
        "OUTPUT_SUMMARY": False, "OUTPUT_DETAILED": False, "PLOT_CURVES": False, "LOG_ON_ERROR": None})
    metrics = [trackeval.metrics.CLEAR({"PRINT_CONFIG": False}), trackeval.metrics.Identity({"PRINT_CONFIG": False}),
               trackeval.metrics.HOTA()]
    answer, _ = evaluator.evaluate([dataset], metrics)
    figures = answer["MotChallenge2DBox"]["tracks"]
    for name in sequences:
        raw = dataset.get_raw_seq_data("tracks", name)
        found = figures[name]["pedestrian"]
        yield {
            "boxes": [boxes.tolist() for boxes in raw["tracker_dets"]],
            "ids": [ids.tolist() for ids in raw["tracker_ids"]],
            "scores": [scores.tolist() for scores in raw["tracker_confidences"]],
            "mota": float(found["CLEAR"]["MOTA"]), "switches": int(found["CLEAR"]["IDSW"]),
            "idf1": float(found["Identity"]["IDF1"]), "hota": float(found["HOTA"]["HOTA"].mean())}


with contextlib.redirect_stdout(io.StringIO()):
    answers = list(evaluate(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
print(json.dumps(answers))
