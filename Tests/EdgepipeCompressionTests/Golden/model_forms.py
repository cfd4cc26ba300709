#!/usr/bin/env python3
"""Checks model files with ONNX's own checker and runs them with Python's ONNX Runtime.

usage: model_forms.py < LINES

Each line: the model, a file of raw little-endian float32 values for its input, the input's shape as numbers with commas,
and the folder for the outputs, with tabs between. Writes output I as raw float32 into FOLDER/I.bin. Prints one line of
JSON for each: `domains` (that its nodes use), `opset` (the version of the standard operators) and `fused` (how many nodes of
each type are left when ONNX Runtime has optimized it).
"""
import collections
import json
import os
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime


def run(path, source, shape, folder):
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    with tempfile.TemporaryDirectory() as scratch:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.optimized_model_filepath = os.path.join(scratch, "optimized.onnx")
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        fused = collections.Counter(node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node)
    values = np.fromfile(source, dtype="<f4").reshape(shape)
    for index, output in enumerate(session.run(None, {session.get_inputs()[0].name: values})):
        output.astype("<f4").tofile(os.path.join(folder, f"{index}.bin"))
    return {
        "domains": sorted({node.domain for node in model.graph.node}),
        "opset": next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")),
        "fused": fused,
    }


def main():
    for line in sys.stdin:
        path, source, shape, folder = line.rstrip("\n").split("\t")
        print(json.dumps(run(path, source, [int(size) for size in shape.split(",")], folder)))


if __name__ == "__main__":
    main()
