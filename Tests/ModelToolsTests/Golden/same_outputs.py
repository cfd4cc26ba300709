#!/usr/bin/env python3
"""Compares what ONNX Runtime computes with two forms of each model, bit by bit.

usage: same_outputs.py < PAIRS

Each line of PAIRS holds two paths, of the original and of its other form, with a tab between them. The inputs are those
of the folder test_data_set_0 beside the original where there is one, else random numbers; free dimensions become 96.
Prints one line of JSON: `same` (how many pairs agree), `different` (path and reason of each that does not) and `skipped`
(path and reason of each original that ONNX Runtime does not run, or that gives other numbers in each run).
"""
import glob
import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

FREE = 96


def session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def recorded_inputs(path, model):
    """The inputs beside the model by name, or None."""
    files = glob.glob(os.path.join(os.path.dirname(path), "test_data_set_0", "input_*.pb"))
    files.sort(key=lambda name: int(name.rsplit("_", 1)[1].split(".")[0]))
    if not files:
        return None
    stored = {tensor.name for tensor in model.graph.initializer}
    values = {}
    for value, file in zip([value for value in model.graph.input if value.name not in stored], files):
        with open(file, "rb") as data:
            content = data.read()
        kind = value.type.WhichOneof("value")
        if kind == "sequence_type":
            values[value.name] = numpy_helper.to_list(onnx.SequenceProto.FromString(content))
        elif kind == "optional_type":
            values[value.name] = numpy_helper.to_optional(onnx.OptionalProto.FromString(content))
        else:
            values[value.name] = numpy_helper.to_array(onnx.TensorProto.FromString(content))
    return values


def random_inputs(runner):
    random = np.random.default_rng(1)
    values = {}
    for value in runner.get_inputs():
        if value.type != "tensor(float)":
            raise ValueError(f"no numbers for an input of {value.type}")
        shape = [size if isinstance(size, int) else FREE if index > 1 else 1 for index, size in enumerate(value.shape)]
        values[value.name] = random.random(shape, dtype=np.float32)
    return values


def equal(one, other):
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(equal, one, other))
    if one is None or other is None:
        return one is other
    one, other = np.asarray(one), np.asarray(other)
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.hasobject:
        return (one == other).all()
    return one.tobytes() == other.tobytes()


def main():
    different, skipped, same = [], [], 0
    for line in sys.stdin:
        original, other = line.rstrip("\n").split("\t")
        try:
            runner = session(original)
            inputs = recorded_inputs(original, onnx.load(original, load_external_data=False))
            if inputs is None:
                inputs = random_inputs(runner)
            expected = runner.run(None, inputs)
            if not equal(expected, session(original).run(None, inputs)):
                raise ValueError("gives other numbers in each run")
        except Exception as error:  # ONNX Runtime raises many types
            skipped.append([original, str(error)[:200]])
            continue
        try:
            if equal(expected, session(other).run(None, inputs)):
                same += 1
            else:
                different.append([original, "other outputs"])
        except Exception as error:
            different.append([original, str(error)[:300]])
    print(json.dumps({"same": same, "different": different, "skipped": skipped}))


if __name__ == "__main__":
    main()
