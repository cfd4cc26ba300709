"""The usual script of object detection on a video: OpenCV reads and scales, a library runs YOLOX, NumPy decodes.

usage: detect.py MODEL.onnx VIDEO RESULTS.jsonl [--engine onnxruntime|opencv] [--threads N] [--score S] [--iou I]

Everything happens in one loop, as in the examples of these libraries. VIDEO may be a folder of pictures. Results are
written as edgepipe writes them, one line a frame. The last line of standard output is a JSON object: frames, seconds
from opening the video to the last result (the model is loaded before), CPU seconds until the model was loaded
(`startup_cpu_s`), the input's size, and the versions of the libraries.
"""
import cv2

import yolox


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


def main():
    parser = yolox.parser(("onnxruntime", "opencv"))
    parser.add_argument("--threads", type=int, default=0, help="0 leaves it to the library")
    options = parser.parse_args()
    make = onnxruntime_model if options.engine == "onnxruntime" else opencv_model
    infer, versions = make(options.model, options.threads)
    boxes = yolox.Boxes(options.score, options.iou)

    clock, frames = yolox.Clock(), 0
    with open(options.results, "w", encoding="utf-8") as results:
        for picture in yolox.pictures(options.video):
            padded, scale = yolox.letterbox(picture)
            results.write(yolox.line(frames, boxes.detections(infer(yolox.tensor(padded)), scale)))
            frames += 1
    clock.report(frames, options, f"{yolox.SIDE}x{yolox.SIDE}", versions)


if __name__ == "__main__":
    main()
