import Detectors
import Pipeline

/// How models of each head usually take their picture.
enum HeadDefaults {
  static func manifest(_ head: ModelManifest.Head, name: String, file: String) throws -> ModelManifest {
    let input: InputFormat
    var size = 640
    switch head {
    case .yolox:
      input = InputFormat(color: .bgr, placement: .topLeft, pad: 114)
      size = 416
    case .yolov3:
      input = DarknetImporter.input
      size = 416
    case .yolov8:
      input = InputFormat(
        color: .rgb, placement: .centered, pad: 114, mean: [0, 0, 0], scale: [1 / 255, 1 / 255, 1 / 255])
    case .retinaface: input = InputFormat(color: .bgr, placement: .topLeft, pad: 114, mean: [104, 117, 123])
    case .yunet: input = InputFormat(color: .bgr, placement: .topLeft, pad: 114)
    case .centerface:
      input = InputFormat(color: .rgb, placement: .topLeft, pad: 114)
      size = 512
    }
    let isFace = [.retinaface, .yunet, .centerface].contains(head)
    return ModelManifest(
      name: name, head: head, input: input, inputSize: size, classes: isFace ? ["face"] : CocoClasses.names,
      file: file, sha256: "", licence: "unknown", origin: "")
  }

  /// The class count that the outputs tell, or nil.
  static func classCount(_ head: ModelManifest.Head, outputs: [TensorDescription]) -> Int? {
    switch head {
    case .yolox:
      // 1 x N x (5 + C)
      guard let last = outputs.first?.shape.last ?? nil, outputs.count == 1, last > 5 else { return nil }
      return last - 5
    case .yolov8:
      // 1 x (4 + C) x N. From 64 channels on it may as well be the raw form, 1 x (64 + C) x N; 84 is COCO's plain one.
      guard outputs.count == 1, let shape = outputs.first?.shape, shape.count == 3, let channels = shape[1],
        (5..<64).contains(channels) || channels == 84, shape[2] ?? Int.max > channels
      else { return nil }
      return channels - 4
    case .yolov3: return nil
    case .retinaface, .yunet, .centerface: return 1
    }
  }
}
