"""ONNX Runtime's own int8 form of a model: static, QDQ, calibrated on a folder of pictures.

usage: quantize_pictures.py MODEL.onnx FOLDER TARGET.onnx [--every N] [--method minmax|percentile|entropy]
       [--float-from WORD]

Like quantize.py, on pictures in place of a video, every N-th in the order of their names, and with a choice of the rule
for ranges. `--float-from`: the convolutions that read a weight with WORD in its name, and everything after them, stay in
floats; `_preds.` is what YOLOX's prediction convolutions have in theirs. TARGET is whole or absent.
"""
import argparse
import os
import pathlib
import tempfile

import cv2
import onnx
import onnx.version_converter
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

import yolox

METHODS = {
    "minmax": CalibrationMethod.MinMax, "percentile": CalibrationMethod.Percentile, "entropy": CalibrationMethod.Entropy,
}


class Pictures(CalibrationDataReader):
    """Each picture as the detector gets it."""

    def __init__(self, paths, name):
        self.left = iter(paths)
        self.name = name

    def get_next(self):
        path = next(self.left, None)
        return None if path is None else {self.name: yolox.tensor(yolox.letterbox(cv2.imread(str(path)))[0])}


def float_nodes(graph, word):
    """The names of the nodes from the convolutions on whose weights have `word` in their name."""
    known, names = set(), []
    for node in graph.node:
        starts = node.op_type == "Conv" and any(word in name for name in node.input[1:2])
        if starts or known.intersection(node.input):
            known.update(node.output)
            names.append(node.name)
    return names


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--method", choices=METHODS, default="percentile")
    parser.add_argument("--float-from")
    options = parser.parse_args()
    paths = sorted(path for path in options.pictures.iterdir() if path.is_file())[::options.every]
    if not paths:
        raise SystemExit(f"there are no pictures in '{options.pictures}'")
    with tempfile.TemporaryDirectory() as folder:
        newer, prepared = os.path.join(folder, "newer.onnx"), os.path.join(folder, "prepared.onnx")
        part = options.target.with_name("part-" + options.target.name)
        # Scales per channel came with opset 13. The model's shapes are fixed, so that none has to be derived.
        model = onnx.version_converter.convert_version(onnx.load(options.model), 13)
        onnx.save(model, newer)
        quant_pre_process(newer, prepared, skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        quantize_static(
            prepared, str(part), Pictures(paths, graph.input[0].name), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=METHODS[options.method],
            nodes_to_exclude=float_nodes(graph, options.float_from) if options.float_from else [],
            extra_options={"CalibPercentile": 99.99} if options.method == "percentile" else {})
        part.rename(options.target)


if __name__ == "__main__":
    main()
