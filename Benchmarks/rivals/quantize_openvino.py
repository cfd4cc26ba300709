"""OpenVINO's int8 form of a model by NNCF, as its documentation shows, calibrated on frames of a video.

usage: quantize_openvino.py MODEL.onnx VIDEO TARGET.xml [--frames N]

The preset is the one for activations that are not symmetric (mixed), with the accurate bias correction. N frames spread
over VIDEO are used, as the detector gets them; VIDEO may be a folder of pictures. TARGET (and its weights beside it) is
whole or absent.
"""
import argparse
import os
import pathlib

import nncf
import openvino

import yolox


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("video")
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--frames", type=int, default=32)
    options = parser.parse_args()
    chosen = list(yolox.spread(options.video, options.frames))
    data = nncf.Dataset(chosen, lambda picture: yolox.tensor(yolox.letterbox(picture)[0]))
    model = nncf.quantize(
        openvino.Core().read_model(options.model), data, preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(chosen), fast_bias_correction=False)
    part = options.target.with_name("part-" + options.target.name)
    openvino.save_model(model, part)
    os.rename(part.with_suffix(".bin"), options.target.with_suffix(".bin"))
    os.rename(part, options.target)


if __name__ == "__main__":
    main()
