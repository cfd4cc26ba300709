#!/usr/bin/env python3
"""Compares what ONNX Runtime computes with two forms of each model, bit by bit.

usage: same_outputs.py < PAIRS

Each line of PAIRS holds two paths, of the original and of its other form, with a tab between them. The inputs are those
of the folder test_data_set_0 beside the original where there is one, else random numbers; free dimensions become 96.
Prints one line of JSON: `same` (how many pairs agree), `recorded` (how many originals ONNX Runtime does not run, but the
other form gives the outputs recorded beside the original, within the tolerance of ONNX's own tests), `different` (path
and reason of each that does not agree) and `skipped` (path and reason of each original that ONNX Runtime does not run, or
that gives other numbers in each run).
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


def recorded(path, kind, declared):
    """The inputs or outputs beside the model by name; empty where there are none."""
    files = glob.glob(os.path.join(os.path.dirname(path), "test_data_set_0", f"{kind}_*.pb"))
    files.sort(key=lambda name: int(name.rsplit("_", 1)[1].split(".")[0]))
    values = {}
    for value, file in zip(declared, files):
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


def as_recorded(path, inputs, outputs):
    try:
        found = session(path).run(list(outputs), inputs)
        return all(np.allclose(a, b, rtol=1e-3, atol=1e-7) for a, b in zip(found, outputs.values()))
    except Exception:  # ONNX Runtime raises many types
        return False


def main():
    different, skipped, same, as_recorded_count = [], [], 0, 0
    for line in sys.stdin:
        original, other = line.rstrip("\n").split("\t")
        graph = onnx.load(original, load_external_data=False).graph
        stored = {tensor.name for tensor in graph.initializer}
        inputs = recorded(original, "input", [value for value in graph.input if value.name not in stored])
        try:
            runner = session(original)
            inputs = inputs or random_inputs(runner)
            expected = runner.run(None, inputs)
            if not equal(expected, session(original).run(None, inputs)):
                raise ValueError("gives other numbers in each run")
        except Exception as error:  # ONNX Runtime raises many types
            outputs = recorded(original, "output", graph.output)
            if "NOT_IMPLEMENTED" in str(error) and outputs and as_recorded(other, inputs, outputs):
                as_recorded_count += 1
            else:
                skipped.append([original, str(error)[:200]])
            continue
        try:
            if equal(expected, session(other).run(None, inputs)):
                same += 1
            else:
                different.append([original, "other outputs"])
        except Exception as error:
            different.append([original, str(error)[:300]])
    print(json.dumps({"same": same, "recorded": as_recorded_count, "different": different, "skipped": skipped}))


if __name__ == "__main__":
    main()
