import Detectors
import EdgepipeCore
public import Pipeline

/// When a detector looks at a frame; the frames between pass it by, and a tracker fills them with predictions.
public struct GateSettings: ConfigurationObject, Hashable {
  /// False: at no frame.
  public var isEnabled = true
  /// Every n-th frame of a stream.
  public var interval = 1
  /// At most so many frames a second of a stream, by media time.
  public var maxRate: Double?
  public var motion: MotionSettings?
  /// Only frames about which a smaller detector is in doubt.
  public var cascade: CascadeSettings?

  /// Looks only while something moves.
  public struct MotionSettings: ConfigurationObject, Hashable {
    /// Share of the picture that must have changed since the detector last looked, in 0...1.
    public var area = 0.002
    /// Brightness levels, of 255, by which a cell must differ to count as changed.
    public var difference = 12.0
    /// Goes on looking for so long after the last motion, in seconds of media time.
    public var settleS = 2.0
    /// Looks at least this often in a still scene, in seconds of media time.
    public var keepAliveS = 10.0

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "area", \.area, .number(0.0005...1), "Share of the picture that must have changed since the last detection."),
      .init(
        "difference", \.difference, .number(1...255),
        "Brightness difference, of 255, from which a place counts as changed."),
      .init("settleS", \.settleS, .number(0...3600), "Seconds for which detection continues after the last motion."),
      .init(
        "keepAliveS", \.keepAliveS, .number(0.1...86_400),
        "Detects at least this often, in seconds, when nothing moves."
      ),
    ]

    public init() {}
  }

  /// True where every frame is looked at.
  var isAlwaysOpen: Bool { isEnabled && interval <= 1 && maxRate == nil && motion == nil && cascade == nil }

  public init() {}

  public static let options: [ConfigurationOption<Self>] = [
    .init(
      "enabled", \.isEnabled, .bool, changeable: true, meaning: .isDetecting,
      "With false it looks at no frame, until that changes."),
    .init(
      "interval", \.interval, .integer(1...10_000), changeable: true,
      "Looks at every n-th frame of a stream; a tracker predicts between."
    ),
    .init(
      "maxRate", \.maxRate, .number(0.001...1000), changeable: true,
      "Detects on no more frames per second of a stream than this."),
    .init(
      "onMotion", \.onMotion, Switchable<MotionSettings>.kind, changeable: true,
      "Detects only while something moves in the picture."),
    .init(
      "cascade", \.cascade, .object(CascadeSettings.schema), changeable: true,
      "Looks only at frames about which a smaller detector before it is in doubt; of its keys `share`, `minDoubt` and `window` may change."
    ),
  ]

  /// ``motion`` as it stands in a file.
  private var onMotion: Switchable<MotionSettings> {
    get { Switchable(motion) }
    set { motion = newValue.settings }
  }
}

/// A stage that looks at some frames only. The preprocessing stage asks its gate before it scales anything.
protocol GatedConsumer: TensorConsumer {
  /// As the run begins; a frame may carry another one, as a ``GatedAdjustment`` of the stage.
  var gate: GateSettings { get }
  /// Whether it may keep frames away without anybody's order.
  var mayClose: Bool { get }
  /// Of a cascade: where its gate tells what it has decided.
  var cascadeRecord: CascadeRecord? { get }
  /// Frames are prepared by several workers, which do not keep the order that a gate needs: it must stay open.
  func keepGateOpen()
  /// Told once: which stage prepares the tensors, and whether for nobody else.
  func isPrepared(by stage: String, alone: Bool)
}

extension GatedConsumer {
  var mayClose: Bool { !gate.isAlwaysOpen }
  var cascadeRecord: CascadeRecord? { nil }
}

/// What a stage whose options have changed asks of the preprocessing stage.
protocol GatedAdjustment: Sendable {
  var gate: GateSettings { get }
  var request: InputRequest { get }
}

/// Hung on a frame in place of a tensor: the gate was shut, the stage passes the frame on.
final class GateClosed: FrameAttachment {
  static let mark = GateClosed()
  private init() {}
}
