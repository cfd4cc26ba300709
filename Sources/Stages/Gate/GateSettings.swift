import EdgepipeCore
import Pipeline

/// When a detector looks at a frame; the frames between pass it by, and a tracker fills them with predictions.
public struct GateSettings: Decodable, Sendable, Hashable {
  /// Every n-th frame of a stream.
  var interval = 1
  /// At most so many frames a second of a stream, by media time.
  var maxRate: Double?
  var motion: MotionSettings?

  /// Looks only while something moves.
  struct MotionSettings: Decodable, Sendable, Hashable {
    /// Share of the picture that must have changed since the detector last looked, in 0...1.
    var area = 0.002
    /// Brightness levels, of 255, by which a cell must differ to count as changed.
    var difference = 12.0
    /// Goes on looking for so long after the last motion, in seconds of media time.
    var settleS = 2.0
    /// Looks at least this often in a still scene, in seconds of media time.
    var keepAliveS = 10.0

    static let schema = ObjectSchema([
      .init(
        "area", .number(0.0005...1), default: "0.002",
        "Share of the picture that must have changed since the last look."),
      .init(
        "difference", .number(1...255), default: "12",
        "Brightness levels, of 255, by which a place must differ to count as changed."),
      .init("settleS", .number(0...3600), default: "2", "Seconds for which it goes on looking after the last motion."),
      .init(
        "keepAliveS", .number(0.1...86_400), default: "10", "Looks at least this often, in seconds, when nothing moves."
      ),
    ])

    private enum Key: String, CodingKey { case area, difference, settleS, keepAliveS }

    init() {}

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      area = try values.decodeIfPresent(Double.self, forKey: .area) ?? area
      difference = try values.decodeIfPresent(Double.self, forKey: .difference) ?? difference
      settleS = try values.decodeIfPresent(Double.self, forKey: .settleS) ?? settleS
      keepAliveS = try values.decodeIfPresent(Double.self, forKey: .keepAliveS) ?? keepAliveS
    }
  }

  /// True where every frame is looked at.
  var isAlwaysOpen: Bool { interval <= 1 && maxRate == nil && motion == nil }

  private enum Key: String, CodingKey { case interval, maxRate, onMotion }

  init(interval: Int = 1, maxRate: Double? = nil, motion: MotionSettings? = nil) {
    self.interval = interval
    self.maxRate = maxRate
    self.motion = motion
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    interval = max(1, try values.decodeIfPresent(Int.self, forKey: .interval) ?? 1)
    maxRate = try values.decodeIfPresent(Double.self, forKey: .maxRate)
    if let isOn = try? values.decodeIfPresent(Bool.self, forKey: .onMotion) {
      motion = isOn ? MotionSettings() : nil
    } else {
      motion = try values.decodeIfPresent(MotionSettings.self, forKey: .onMotion)
    }
  }

  static let properties: [ObjectSchema.Property] = [
    .init(
      "interval", .integer(1...10_000), default: "1",
      "Looks at every n-th frame of a stream; a tracker predicts between."),
    .init("maxRate", .number(0.001...1000), "Looks at no more frames a second of a stream than this."),
    .init(
      "onMotion", .any([.bool, .object(MotionSettings.schema)]), default: "false",
      "Looks only while something moves in the picture."),
  ]
}

/// A stage that looks at some frames only. The preprocessing stage asks its gate before it scales anything.
protocol GatedConsumer: TensorConsumer {
  var gate: GateSettings { get }
}

/// Hung on a frame in place of a tensor: the gate was shut, the stage passes the frame on.
final class GateShut: FrameAttachment {
  static let mark = GateShut()
  private init() {}
}
