"""The usual script of object detection on a video: OpenCV reads and scales, a library runs YOLOX, NumPy decodes.

usage: detect.py MODEL.onnx VIDEO RESULTS.jsonl [--engine onnxruntime|opencv] [--threads N] [--score S] [--iou I]

Everything happens in one loop, as in the examples of these libraries. Results are written as edgepipe writes them, one
line a frame. The last line of standard output is a JSON object: frames, seconds from opening the video to the last
result (the model is loaded before), CPU seconds until the model was loaded (`startup_cpu_s`), the input's size, and the
versions of the libraries.
"""
import argparse
import json
import platform
import re
import time

import cv2
import numpy as np

SIDE = 416
STRIDES = (8, 16, 32)
PADDING = 114


def onnxruntime_model(path, threads):
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda tensor: session.run(None, {name: tensor})[0][0], {"onnxruntime": onnxruntime.__version__}


def opencv_model(path, threads):
    if threads:
        cv2.setNumThreads(threads)
    network = cv2.dnn.readNetFromONNX(path)

    def infer(tensor):
        network.setInput(tensor)
        return network.forward()[0]

    return infer, {}


def letterbox(picture):
    """The picture scaled into the top left corner of a padded square, as the float tensor, and the scale."""
    scale = min(SIDE / picture.shape[0], SIDE / picture.shape[1])
    scaled = cv2.resize(picture, (int(picture.shape[1] * scale), int(picture.shape[0] * scale)))
    square = np.full((SIDE, SIDE, 3), PADDING, np.uint8)
    square[:scaled.shape[0], :scaled.shape[1]] = scaled
    return np.ascontiguousarray(square.transpose(2, 0, 1)[None], dtype=np.float32), scale


def cells():
    """Column, row and stride of each output row."""
    grids, strides = [], []
    for stride in STRIDES:
        side = SIDE // stride
        rows, columns = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
        grids.append(np.stack((columns, rows), 2).reshape(-1, 2))
        strides.append(np.full((side * side, 1), stride))
    return np.concatenate(grids).astype(np.float32), np.concatenate(strides).astype(np.float32)


def detections(output, grid, strides, scale, score, iou):
    """What is above `score` after suppression within each class, in source pixels."""
    scores = output[:, 4:5] * output[:, 5:]
    classes = scores.argmax(1)
    best = scores[np.arange(len(classes)), classes]
    chosen = best > score
    output, best, classes, strides = output[chosen], best[chosen], classes[chosen], strides[chosen]
    centres = (output[:, :2] + grid[chosen]) * strides
    sizes = np.exp(output[:, 2:4]) * strides
    boxes = np.concatenate((centres - sizes / 2, sizes), 1) / scale
    kept = cv2.dnn.NMSBoxesBatched(boxes.tolist(), best.tolist(), classes.tolist(), score, iou)
    return [
        {"class": int(classes[i]), "score": round(float(best[i]), 4),
         "box": dict(zip(("x", "y", "width", "height"), (round(float(v), 2) for v in boxes[i])))}
        for i in kept
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("video")
    parser.add_argument("results")
    parser.add_argument("--engine", choices=("onnxruntime", "opencv"), default="onnxruntime")
    parser.add_argument("--threads", type=int, default=0, help="0 leaves it to the library")
    parser.add_argument("--score", type=float, default=0.3)
    parser.add_argument("--iou", type=float, default=0.45)
    options = parser.parse_args()
    make = onnxruntime_model if options.engine == "onnxruntime" else opencv_model
    infer, versions = make(options.model, options.threads)
    grid, strides = cells()

    startup = time.process_time()
    started = time.perf_counter()
    video = cv2.VideoCapture(options.video)
    frames = 0
    with open(options.results, "w", encoding="utf-8") as results:
        while True:
            ok, picture = video.read()
            if not ok:
                break
            tensor, scale = letterbox(picture)
            found = detections(infer(tensor), grid, strides, scale, options.score, options.iou)
            results.write(json.dumps({"type": "frame", "frame": frames, "detections": found}) + "\n")
            frames += 1
    seconds = time.perf_counter() - started
    if frames == 0:
        raise SystemExit(f"no frame of {options.video} could be read")
    decoder = re.search(r"avcodec: +YES \(([0-9.]+)\)", cv2.getBuildInformation())
    opencv = cv2.__version__ + (f" with libavcodec {decoder[1]}" if decoder else "")
    versions |= {"python": platform.python_version(), "opencv": opencv, "numpy": np.__version__}
    print(json.dumps({"frames": frames, "seconds": seconds, "startup_cpu_s": startup, "input": f"{SIDE}x{SIDE}",
                      "versions": versions}))


if __name__ == "__main__":
    main()
