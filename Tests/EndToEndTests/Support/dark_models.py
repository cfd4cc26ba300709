"""Makes a model store with two models of 64x64 that find nothing: 'plain', and 'dark', which never answers for a dark picture.

usage: dark_models.py FOLDER
"""
import hashlib
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CELLS = 64 + 16 + 4
FLOAT = TensorProto.FLOAT


def constant(name, value):
    return numpy_helper.from_array(np.array(value), name)


def model(waits):
    """With `waits`, a loop of 2^62 turns for pictures whose mean is below 40, and of none for others."""
    picture = helper.make_tensor_value_info("images", FLOAT, [1, 3, 64, 64])
    boxes = helper.make_tensor_value_info("output", FLOAT, [1, CELLS, 6])
    body = helper.make_graph(
        [helper.make_node("Identity", ["condition"], ["again"]),
         helper.make_node("Mul", ["sum", "half"], ["next"])],
        "body",
        [helper.make_tensor_value_info("turn", TensorProto.INT64, []),
         helper.make_tensor_value_info("condition", TensorProto.BOOL, []),
         helper.make_tensor_value_info("sum", FLOAT, [])],
        [helper.make_tensor_value_info("again", TensorProto.BOOL, []),
         helper.make_tensor_value_info("next", FLOAT, [])],
        [constant("half", np.float32(0.5))])
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Less", ["mean", "limit"], ["dark"]),
        helper.make_node("Cast", ["dark"], ["one"], to=TensorProto.INT64),
        helper.make_node("Mul", ["one", "turns"], ["count"]),
        helper.make_node("Loop", ["count", "", "mean"], ["end"], body=body),
        helper.make_node("Mul", ["end" if waits else "mean", "zeros"], ["output"])]
    if not waits:
        nodes = [nodes[0], nodes[-1]]
    graph = helper.make_graph(nodes, "dark", [picture], [boxes], [
        constant("limit", np.float32(40)), constant("turns", np.int64(2**62)),
        constant("zeros", np.zeros((1, CELLS, 6), np.float32))])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(made)
    return made.SerializeToString()


def install(store, name, waits):
    folder = store / name
    folder.mkdir(parents=True)
    data = model(waits)
    (folder / "model.onnx").write_bytes(data)
    (folder / "manifest.json").write_text(json.dumps({
        "name": name, "head": "yolox", "form": "decoded", "inputSize": 64, "stride": 32, "classes": ["person"],
        "input": {"color": "bgr", "element": "float32", "mean": [0, 0, 0], "scale": [1, 1, 1], "pad": 114,
                  "placement": "topLeft"},
        "file": "model.onnx", "sha256": hashlib.sha256(data).hexdigest(), "licence": "none", "origin": "a test",
        "precision": "float32"}))


STORE = pathlib.Path(sys.argv[1])
install(STORE, "plain", False)
install(STORE, "dark", True)
