"""ONNX Runtime's own int8 form of a model: static, QDQ, calibrated on frames of a video.

usage: quantize.py MODEL.onnx VIDEO TARGET.onnx [--frames N] [--reduce-range]

With what its documentation advises: the model is prepared (shapes, optimisation), weights are int8 per channel
(`--reduce-range`: in 7 bits, for x86 processors without VNNI), activations uint8 with ranges from the 99.99th
percentile of N frames spread over the video. TARGET is whole or absent.
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

import detect


class Frames(CalibrationDataReader):
    """Every n-th frame of the video, as the detector gets it."""

    def __init__(self, video, name, count):
        self.video = cv2.VideoCapture(video)
        self.name = name
        self.step = max(1, int(self.video.get(cv2.CAP_PROP_FRAME_COUNT)) // count)
        self.left = count
        self.next = 0

    def get_next(self):
        while self.left > 0:
            ok, picture = self.video.read()
            if not ok:
                return None
            self.next += 1
            if (self.next - 1) % self.step == 0:
                self.left -= 1
                return {self.name: detect.letterbox(picture)[0]}
        return None


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
