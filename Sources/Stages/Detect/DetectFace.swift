public import Detectors
public import EdgepipeCore
public import Pipeline

/// Finds faces with five landmarks (RetinaFace, YuNet, CenterFace).
///
/// Input: frames on which a `preprocess.letterbox` stage has hung this stage's tensor. Output: the same frames with
/// face boxes and landmarks (eyes, nose, mouth corners) in source pixels; it recognises nobody. Drops nothing. Boxes for
/// which the model gives NaN or infinite numbers are left out and counted in the report.
///
/// Trade-off: YuNet is the fastest, CenterFace the slowest and the one that comes without a mirror; small faces need a
/// larger `shape`.
///
/// ```json
/// { "id": "faces", "type": "detect.face", "after": ["scale"], "config": { "model": "retinaface-mnet025" } }
/// ```
public final class DetectFace: FrameStage, GatedConsumer, AdjustableStage {
  public struct Configuration: StageConfiguration {
    public var settings = DetectorSettings()

    public static let options: [ConfigurationOption<Self>] = DetectorSettings.declared(model: .faceModel).map {
      $0.of(\.settings)
    }

    public init() {}

    public init(_ settings: DetectorSettings) { self.settings = settings }
  }

  public static let type = "detect.face"
  public static let summary = "Detects faces and five landmarks with RetinaFace, YuNet or CenterFace."
  public static let role = StageRole.transform
  public static let maximumWorkers = 64

  let core: DetectionCore

  public init(_ configuration: Configuration, context: StageContext) throws {
    core = try DetectionCore(configuration.settings, classes: nil, findsFaces: true, context: context)
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
    try core.adjustment(configuration.settings, classes: nil)
  }

  public func isIdle(for frame: Frame) -> Bool { core.isShut(for: frame) }

  public func makeWorker(_ context: WorkerContext) throws -> any FrameWorker {
    try DetectionWorker(core, context)
  }
}
