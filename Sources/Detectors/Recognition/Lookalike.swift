/// Models that people bring and that no head reads: what their outputs look like, and what to do about it.
struct Lookalike {
  var name: String
  var advice: String

  static func find(_ outputs: [TensorDescription]) -> Lookalike? {
    let shapes = outputs.map(\.shape), names = Set(outputs.map(\.name))
    if names.isSuperset(of: ["num_dets", "det_boxes"]) || names.isSuperset(of: ["num_detections", "detection_boxes"]) {
      return Lookalike(
        name: "a model with TensorRT's or TensorFlow's non-maximum suppression at its end",
        advice: "export it without non-maximum suppression")
    }
    if shapes.count == 3, shapes.allSatisfy({ $0.count == 5 }) {
      return Lookalike(
        name: "YOLOv5 or YOLOv7 with three maps that are not decoded",
        advice: "export it with decoding (YOLOv5's export.py does, YOLOv7's with --grid): one output 1xNx(5 + classes)")
    }
    if (2...4).contains(shapes.count), shapes.allSatisfy({ $0.count == 4 }), let channels = shapes[0][1],
      channels % 3 == 0,
      channels > 15, shapes.allSatisfy({ $0[1] == channels })
    {
      return Lookalike(
        name: "the maps of YOLOv3 to YOLOv7 for \(channels / 3 - 5) classes, whose anchors the file does not contain",
        advice: "export it with decoding, or import YOLOv3's Darknet files with --cfg and --weights")
    }
    if shapes.count >= 3, shapes.allSatisfy({ $0.count == 4 }) {
      return Lookalike(
        name: "a detector whose maps are not joined", advice: "export it with decoding: one output for all sizes")
    }
    if shapes.count == 2, shapes.allSatisfy({ $0.count == 3 }), shapes.contains(where: { $0[2] == 4 }) {
      return Lookalike(
        name: "YOLO-NAS or DETR, with separate boxes and scores", advice: "no head reads such a pair of outputs")
    }
    guard shapes.count == 1 else { return nil }
    switch shapes[0].count {
    case 2 where shapes[0][1] == 7:
      return Lookalike(
        name: "YOLOv7 with --end2end (picture, box, class, score)",
        advice: "export it with --grid and without --end2end: one output 1xNx(5 + classes)")
    case 2:
      return Lookalike(name: "a classifier", advice: "no stage supports classification")
    case 3 where shapes[0][1].map { $0 <= 1000 } ?? false && (shapes[0][2] ?? 0) > 6:
      return Lookalike(name: "RT-DETR, with boxes relative to the picture", advice: "no head reads such an output")
    case 3 where (shapes[0][2] ?? 0) > 6 && (shapes[0][1] ?? 0) > (shapes[0][2] ?? 0):
      return Lookalike(
        name: "YOLOv5, YOLOv7 or YOLOX for \((shapes[0][2] ?? 5) - 5) classes at another input size",
        advice: "check the input size of the file")
    default: return nil
    }
  }
}
