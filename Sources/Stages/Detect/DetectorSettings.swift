import Detectors
import EdgepipeCore

/// The options that both detecting stages have.
struct DetectorSettings: Decodable, Sendable {
  var model: String
  var shape: InputShape
  var score: Double
  var iou: Double
  var maxDetections: Int
  var threads: Int
  var gate: GateSettings

  private enum Key: String, CodingKey { case model, shape, score, iou, maxDetections, threads }

  init(
    model: String, shape: InputShape = .auto, score: Double = 0.3, iou: Double = 0.45, maxDetections: Int = 300,
    threads: Int = 1, gate: GateSettings = GateSettings()
  ) {
    self.model = model
    self.shape = shape
    self.score = score
    self.iou = iou
    self.maxDetections = maxDetections
    self.threads = threads
    self.gate = gate
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    model = try values.decode(String.self, forKey: .model)
    shape = try values.decodeIfPresent(ShapeOption.self, forKey: .shape)?.shape ?? .auto
    score = try values.decodeIfPresent(Double.self, forKey: .score) ?? 0.3
    iou = try values.decodeIfPresent(Double.self, forKey: .iou) ?? 0.45
    maxDetections = try values.decodeIfPresent(Int.self, forKey: .maxDetections) ?? 300
    threads = try values.decodeIfPresent(Int.self, forKey: .threads) ?? 1
    gate = try GateSettings(from: decoder)
  }

  static let properties: [ObjectSchema.Property] =
    [
      .init(
        "model", .string, required: true,
        "A name in the model store, or the path of an .onnx file or of a manifest."),
      .init(
        "shape", .any([.word(["auto", "square"]), .list(.integer(32...8192), count: 2...2)]), default: "\"auto\"",
        "Input size: the smallest rectangle that holds the picture, the model's square, or [height, width]."),
      .init("score", .number(0...1), default: "0.3", "Detections score more than this."),
      .init("iou", .number(0...1), default: "0.45", "Boxes of one class that overlap more than this are one object."),
      .init("maxDetections", .integer(1...10_000), default: "300", "How many of the best detections a frame keeps."),
      .init("threads", .integer(1...64), default: "1", "Threads inside one inference; several workers scale better."),
    ] + GateSettings.properties
}

/// `"auto"`, `"square"` or `[height, width]`.
private struct ShapeOption: Decodable {
  var shape: InputShape

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let word = try? value.decode(String.self) {
      switch word {
      case "auto": shape = .auto
      case "square": shape = .square
      default: throw DecodingError.dataCorruptedError(in: value, debugDescription: "'\(word)' is no shape")
      }
      return
    }
    let sizes = try value.decode([Int].self)
    guard sizes.count == 2, sizes.allSatisfy({ $0 > 0 }) else {
      throw DecodingError.dataCorruptedError(in: value, debugDescription: "a shape is [height, width]")
    }
    shape = .fixed(height: sizes[0], width: sizes[1])
  }
}
