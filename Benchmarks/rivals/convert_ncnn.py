"""ncnn's form of YOLOX, by pnnx.

usage: convert_ncnn.py MODEL.onnx TARGET.param [--height N]

The first layer takes every second pixel in four phases, which ncnn cannot: the phases and the 3x3 convolution on them
become the same convolution of 6x6 with steps of two. TARGET (and TARGET's weights, .bin) is whole or absent.
"""
import argparse
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import helper, numpy_helper

import yolox

# Row and column of each phase in the order in which YOLOX joins them.
PHASES = ((0, 0), (1, 0), (0, 1), (1, 1))


def without_phases(model):
    """The model with one convolution of 6x6 in place of the phases and the first convolution."""
    graph = model.graph
    picture = graph.input[0].name
    first = next(node for node in graph.node if node.op_type == "Conv")
    small = numpy_helper.to_array(next(item for item in graph.initializer if item.name == first.input[1]))
    large = np.zeros((small.shape[0], 3, 6, 6), np.float32)
    for phase, (row, column) in enumerate(PHASES):
        large[:, :, row::2, column::2] = small[:, 3 * phase:3 * phase + 3]
    graph.initializer.append(numpy_helper.from_array(large, "stem"))
    stem = helper.make_node(
        "Conv", [picture, "stem", *first.input[2:]], first.output, kernel_shape=[6, 6], strides=[2, 2], pads=[2] * 4)
    rest = list(graph.node)[list(graph.node).index(first) + 1:]
    del graph.node[:]
    graph.node.extend([stem, *rest])
    return model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--height", type=int, default=yolox.SIDE)
    options = parser.parse_args()
    model = without_phases(onnx.load(options.model))
    shape = model.graph.input[0].type.tensor_type.shape.dim
    shape[2].dim_value, shape[3].dim_value = options.height, yolox.SIDE
    del model.graph.value_info[:]
    for dimension in model.graph.output[0].type.tensor_type.shape.dim[1:2]:
        dimension.dim_value = sum(options.height // stride * (yolox.SIDE // stride) for stride in yolox.STRIDES)
    with tempfile.TemporaryDirectory(dir=options.target.parent) as folder:
        onnx.save(model, os.path.join(folder, "model.onnx"))
        # The package itself would import PyTorch, which its program can do without.
        program = pathlib.Path(importlib.util.find_spec("pnnx").origin).with_name("pnnx")
        subprocess.run(
            [program, "model.onnx", f"inputshape=[1,3,{options.height},{yolox.SIDE}]", "fp16=0"], cwd=folder,
            check=True, stdout=sys.stderr)
        os.rename(os.path.join(folder, "model.ncnn.bin"), options.target.with_suffix(".bin"))
        os.rename(os.path.join(folder, "model.ncnn.param"), options.target)


if __name__ == "__main__":
    main()
