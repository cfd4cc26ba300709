"""ONNX Runtime's own int8 form of a model: static, QDQ, calibrated on frames of a video.

usage: quantize.py MODEL.onnx VIDEO TARGET.onnx [--frames N] [--reduce-range]

With what its documentation advises: the model is prepared (shapes, optimisation), weights are int8 per channel
(`--reduce-range`: in 7 bits, for x86 processors without VNNI), activations uint8 with ranges from the 99.99th
percentile of N frames spread over the video, which may be a folder of pictures. TARGET is whole or absent.
"""
import argparse
import os
import pathlib
import tempfile

import onnx
import onnx.version_converter
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

import yolox


class Frames(CalibrationDataReader):
    """Frames spread over the video, as the detector gets them."""

    def __init__(self, video, name, count):
        self.left = yolox.spread(video, count)
        self.name = name

    def get_next(self):
        picture = next(self.left, None)
        return None if picture is None else {self.name: yolox.tensor(yolox.letterbox(picture)[0])}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("video")
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--reduce-range", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        newer, prepared = os.path.join(folder, "newer.onnx"), os.path.join(folder, "prepared.onnx")
        part = options.target.with_name("part-" + options.target.name)
        # Scales per channel came with opset 13. The model's shapes are fixed, so that none has to be derived.
        model = onnx.version_converter.convert_version(onnx.load(options.model), 13)
        name = model.graph.input[0].name
        onnx.save(model, newer)
        quant_pre_process(newer, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared, str(part), Frames(options.video, name, options.frames), quant_format=QuantFormat.QDQ,
            per_channel=True, reduce_range=options.reduce_range, activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": 99.99})
        part.rename(options.target)


if __name__ == "__main__":
    main()
