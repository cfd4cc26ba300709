"""The sharpest script that pip gives: OpenCV reads, several inferences run at the same time, NumPy decodes.

usage: detect_async.py MODEL VIDEO RESULTS.jsonl [--engine openvino|ncnn] [--height N] [--precision f32|bf16]
       [--workers N] [--score S] [--iou I]

The input is as low as the picture allows (--height, 416 wide). `openvino` (MODEL is .onnx or .xml) takes the frame's
bytes, has the throughput hint and a queue of as many requests as it asks for; without --precision it picks the number
format by itself. `ncnn` (MODEL is .param, its weights beside it) runs on --workers threads, each with its own inference of
one thread. Results and the last line are those of detect.py; `precision` is what the inferences were computed in.
"""
import concurrent.futures
import os
import threading

import yolox


class OpenVINO:
    def __init__(self, options, done):
        import openvino

        core = openvino.Core()
        capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if options.precision == "bf16" and "BF16" not in capabilities:
            raise SystemExit("this processor has no bfloat16")
        model = core.read_model(options.model)
        model.reshape([1, 3, options.height, yolox.SIDE])
        steps = openvino.preprocess.PrePostProcessor(model)
        steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        steps.input().model().set_layout(openvino.Layout("NCHW"))
        settings = {"PERFORMANCE_HINT": "THROUGHPUT"}
        if options.precision:
            settings["INFERENCE_PRECISION_HINT"] = options.precision
        compiled = core.compile_model(steps.build(), "CPU", settings)
        self.precision = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
        self.versions = {"openvino": openvino.__version__.split("-")[0]}
        self.queue = openvino.AsyncInferQueue(compiled)
        self.queue.set_callback(lambda request, job: done(request.get_output_tensor(0).data[0], *job[1:]))

    def start(self, padded, frame, scale):
        """Waits for a free request. The job keeps the bytes, which are read in place."""
        self.queue.start_async({0: padded[None]}, (padded, frame, scale), share_inputs=True)

    def wait(self):
        self.queue.wait_all()


class Ncnn:
    def __init__(self, options, done):
        import ncnn

        self.ncnn, self.done = ncnn, done
        self.net = ncnn.Net()
        self.net.opt.num_threads = 1
        if self.net.load_param(options.model) or self.net.load_model(options.model.replace(".param", ".bin")):
            raise SystemExit(f"ncnn cannot read {os.path.basename(options.model)}")
        self.precision = "f32"
        self.versions = {"ncnn": ncnn.__version__}
        self.pool = concurrent.futures.ThreadPoolExecutor(options.workers)
        self.free = threading.Semaphore(2 * options.workers)
        self.jobs = []

    def start(self, padded, frame, scale):
        self.free.acquire()
        self.jobs.append(self.pool.submit(self.infer, padded, frame, scale))

    def infer(self, padded, frame, scale):
        try:
            height, width = padded.shape[:2]
            tensor = self.ncnn.Mat.from_pixels(padded, self.ncnn.Mat.PixelType.PIXEL_BGR, width, height)
            extractor = self.net.create_extractor()
            extractor.input("in0", tensor)
            _, output = extractor.extract("out0")
            self.done(output.numpy(), frame, scale)
        finally:
            self.free.release()

    def wait(self):
        for job in self.jobs:
            job.result()


def main():
    parser = yolox.parser(("openvino", "ncnn"))
    parser.add_argument("--height", type=int, default=yolox.SIDE)
    parser.add_argument("--precision", choices=("f32", "bf16"))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    boxes = yolox.Boxes(options.score, options.iou, options.height)
    found = {}

    def done(output, frame, scale):
        found[frame] = boxes.detections(output, scale)

    engine = {"openvino": OpenVINO, "ncnn": Ncnn}[options.engine](options, done)
    clock, frames = yolox.Clock(), 0
    for picture in yolox.pictures(options.video):
        padded, scale = yolox.letterbox(picture, options.height)
        engine.start(padded, frames, scale)
        frames += 1
    engine.wait()
    with open(options.results, "w", encoding="utf-8") as results:
        results.writelines(yolox.line(frame, found[frame]) for frame in range(frames))
    clock.report(frames, options, f"{yolox.SIDE}x{options.height}", engine.versions, precision=engine.precision)


if __name__ == "__main__":
    main()
