public import Detectors
public import EdgepipeCore
public import Pipeline

/// Finds objects with a YOLO model (YOLOX, YOLOv3 family, YOLOv5, YOLOv7, YOLOv8 to YOLO26).
///
/// Input: frames on which a `preprocess.letterbox` stage has hung this stage's tensor. Output: the same frames with
/// boxes in source pixels. Drops nothing: frames that `interval`, `maxRate` or `onMotion` keep from it pass without
/// results of this stage, and a tracker fills them with predictions. Boxes for which the model gives NaN or infinite numbers are left out and
/// counted in the report.
///
/// Trade-off: `shape: auto` runs fewer pixels than `square` for wide pictures; `workers` sessions of one thread each
/// give more frames a second than one session of several `threads`, and `threads` lower the latency of one frame. A low
/// `score` finds more and errs more.
///
/// ```json
/// { "id": "objects", "type": "detect.yolo", "after": ["scale"], "workers": 2,
///   "config": { "model": "yolox-nano", "score": 0.3, "classes": ["person", "car"] } }
/// ```
public final class DetectYOLO: FrameStage, GatedConsumer, AdjustableStage {
  public struct Configuration: StageConfiguration {
    public var settings = DetectorSettings()
    /// Names of the wanted classes; nil for all.
    public var classes: [String]?

    public static let options: [ConfigurationOption<Self>] =
      DetectorSettings.options.map { $0.of(\.settings) } + [
        .init(
          "classes", \.classes, .list(.string, count: 1...1000), changeable: true, meaning: .classes,
          "Only these classes; all when absent.")
      ]

    public init() {}

    public init(_ settings: DetectorSettings, classes: [String]? = nil) {
      self.settings = settings
      self.classes = classes
    }
  }

  public static let type = "detect.yolo"
  public static let summary = "Detects objects with YOLOX, YOLOv3, YOLOv5, YOLOv7, YOLOv8 or YOLO11."
  public static let role = StageRole.transform
  public static let maximumWorkers = 64

  let core: DetectionCore

  public init(_ configuration: Configuration, context: StageContext) throws {
    core = try DetectionCore(
      configuration.settings, classes: configuration.classes, findsFaces: false, context: context)
  }

  public var inputRequest: InputRequest { core.request }
  public var inputSizes: [InputSize] { core.inputSizes }
  var gate: GateSettings { core.initial.gate }
  var mayClose: Bool { core.mayClose }
  var cascadeRecord: CascadeRecord? { core.cascade.record }
  public var interface: StageInterface { core.interface }
  public var facts: [String: ReportValue] { core.facts }
  public var tips: [StageTip] { core.tips }

  public func files(for streams: [String]) -> [FileUse] { core.usedFiles }

  func keepGateOpen() { core.keepGateOpen() }
  func isPrepared(by stage: String, alone: Bool) { core.isPrepared(by: stage, alone: alone) }

  public func connect(to peers: StagePeers) { core.connect(to: peers) }

  public func adjustment(for configuration: Configuration) throws -> DetectionAdjustment {
    try core.adjustment(configuration.settings, classes: configuration.classes)
  }

  public func isIdle(for frame: Frame) -> Bool { core.isShut(for: frame) }

  public func makeWorker(_ context: WorkerContext) throws -> any FrameWorker {
    try DetectionWorker(core, context)
  }
}
