"""Reference detections: ONNX Runtime's Python package, and decoding in numpy written from the formulas alone.

usage: reference.py HEAD MODEL HEIGHT WIDTH SCORE IOU FOLDER PICTURE...

Writes FOLDER/model.onnx (the model with a free picture size) and, for each picture, FOLDER/N.f32 (the input tensor,
float32), and prints a JSON list: for each picture a list of [x1, y1, x2, y2, score, class, landmarks...] in pixels of
the input, best first.
"""
import json
import sys

import cv2
import numpy as np
import onnx
import onnxruntime

STRIDES = (8, 16, 32)
INPUT = {  # colour, centred, pad, mean, scale
    "yolox": ("bgr", False, 114, (0, 0, 0), 1.0),
    "yolov3": ("rgb", True, 114, (0, 0, 0), 1 / 255),
    "retinaface": ("bgr", False, 0, (104, 117, 123), 1.0),
    "yunet": ("bgr", False, 0, (0, 0, 0), 1.0),
    "centerface": ("rgb", False, 0, (0, 0, 0), 1.0),
}
ANCHORS = {32: ((81, 82), (135, 169), (344, 319)), 16: ((23, 27), (37, 58), (81, 82))}


def free_size(path, out):
    model = onnx.load(path)
    stored = {i.name for i in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in stored]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    del model.graph.value_info[:]
    for value in list(model.graph.input) + list(model.graph.output):
        dims = value.type.tensor_type.shape.dim
        for axis, dim in enumerate(dims):
            if axis == 0:
                dim.dim_value = 1
            elif len(dims) == 4 and axis >= 2 or len(dims) == 3 and axis == 1:
                dim.dim_param = f"{value.name}_{axis}"
    onnx.save(model, out)


def tensor(picture, head, height, width):
    color, centered, pad, mean, scale = INPUT[head]
    h, w = picture.shape[:2]
    r = min(height / h, width / w)
    nh, nw = int(h * r), int(w * r)
    y, x = ((height - nh) // 2, (width - nw) // 2) if centered else (0, 0)
    canvas = np.full((height, width, 3), pad, np.uint8)
    canvas[y : y + nh, x : x + nw] = cv2.resize(picture, (nw, nh), interpolation=cv2.INTER_AREA)
    if color == "rgb":
        canvas = canvas[..., ::-1]
    values = (canvas.astype(np.float32) - np.array(mean, np.float32)) * np.float32(scale)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def grid(height, width, stride):
    y, x = np.mgrid[0 : height // stride, 0 : width // stride]
    return np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def corners(center, size):
    return np.concatenate([center - size / 2, center + size / 2], 1)


def yolox(outs, h, w):
    rows = outs[0][0]
    cells = np.concatenate([grid(h, w, s) for s in STRIDES])
    stride = np.concatenate([np.full((len(grid(h, w, s)), 1), s, np.float32) for s in STRIDES])
    boxes = corners((rows[:, :2] + cells) * stride, np.exp(rows[:, 2:4]) * stride)
    return boxes, rows[:, 4:5] * rows[:, 5:], None


def yolov3(outs, h, w):
    boxes, scores = [], []
    for out in outs:
        stride = h // out.shape[2]
        for index, anchor in enumerate(ANCHORS[stride]):
            part = out[0].reshape(3, 85, -1)[index].T
            center = (sigmoid(part[:, :2]) + grid(h, w, stride)) * stride
            boxes.append(corners(center, np.exp(part[:, 2:4]) * np.array(anchor, np.float32)))
            scores.append(sigmoid(part[:, 4:5]) * sigmoid(part[:, 5:]))
    return np.concatenate(boxes), np.concatenate(scores), None


def retinaface(outs, h, w):
    loc, conf, landms = (next(o[0] for o in outs if o.shape[2] == n) for n in (4, 2, 10))
    priors = []
    for stride, sizes in ((8, (10, 20)), (16, (32, 64)), (32, (128, 256))):
        for i in range(-(-h // stride)):
            for j in range(-(-w // stride)):
                for size in sizes:
                    priors.append(((j + 0.5) * stride / w, (i + 0.5) * stride / h, size / w, size / h))
    priors = np.array(priors, np.float32)
    whole = np.array([w, h], np.float32)
    center = priors[:, :2] + 0.1 * loc[:, :2] * priors[:, 2:]
    size = priors[:, 2:] * np.exp(0.2 * loc[:, 2:])
    points = [(priors[:, :2] + 0.1 * landms[:, 2 * k : 2 * k + 2] * priors[:, 2:]) * whole for k in range(5)]
    return corners(center * whole, size * whole), conf[:, 1:2], np.concatenate(points, 1)


def yunet(outs, h, w):
    boxes, scores, points = [], [], []
    for index, s in enumerate(STRIDES):
        cls, obj, box, kps = (outs[group * 3 + index][0] for group in range(4))
        cells = grid(h, w, s)
        boxes.append(corners((cells + box[:, :2]) * s, np.exp(box[:, 2:]) * s))
        scores.append(np.sqrt(cls * obj))
        points.append((np.tile(cells, 5) + kps) * s)
    return np.concatenate(boxes), np.concatenate(scores), np.concatenate(points)


def centerface(outs, h, w):
    heat, size, offset, landmarks = (o[0].reshape(o.shape[1], -1).T for o in outs)
    cells = grid(h, w, 4)
    wh = 4 * np.exp(size[:, ::-1])
    boxes = corners(4 * (cells + offset[:, ::-1] + 0.5), wh)
    points = [boxes[:, :2] + wh * landmarks[:, 2 * k : 2 * k + 2][:, ::-1] for k in range(5)]
    return boxes, heat, np.concatenate(points, 1)


def suppress(boxes, scores, limit):
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order, keep = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        keep.append(best)
        low, high = np.maximum(boxes[best, :2], boxes[rest, :2]), np.minimum(boxes[best, 2:], boxes[rest, 2:])
        inter = np.prod(np.clip(high - low, 0, None), 1)
        order = rest[inter / (area[best] + area[rest] - inter) <= limit]
    return keep


def main():
    head, path, height, width, score, iou, folder = sys.argv[1:8]
    height, width, score, iou = int(height), int(width), float(score), float(iou)
    free_size(path, f"{folder}/model.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"])
    name, results = session.get_inputs()[0].name, []
    for number, picture in enumerate(sys.argv[8:]):
        values = tensor(cv2.imread(picture), head, height, width)
        values.tofile(f"{folder}/{number}.f32")
        boxes, scores, points = globals()[head](session.run(None, {name: values}), height, width)
        found = []
        for label in range(scores.shape[1]):
            rows = np.where(scores[:, label] > score)[0]
            for row in rows[suppress(boxes[rows], scores[rows, label], iou)]:
                extra = points[row].tolist() if points is not None else []
                found.append(boxes[row].tolist() + [float(scores[row, label]), label] + extra)
        results.append(sorted(found, key=lambda f: -f[4])[:300])
    print(json.dumps(results))


main()
