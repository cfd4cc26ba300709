public import Detectors
import EdgepipeCore
public import Pipeline

/// The options that both detecting stages have.
public struct DetectorSettings: ConfigurationObject {
  public var model = ""
  public var shape = InputShape.auto
  public var score = 0.3
  public var iou = 0.45
  public var maxDetections = 300
  public var threads = 1
  /// 0: none.
  public var timeoutMs = 5000.0
  /// Nil: none.
  public var slowMs: Double?
  public var fallback: FallbackSettings?
  /// 0: never.
  public var checkS = 3600.0
  public var gate = GateSettings()
  package var place = PlacementMode.edge
  package var remote: RemoteSettings?

  public init() {}

  public init(model: String) { self.model = model }

  public static let options = declared(model: .objectModel)

  /// - Parameter meaning: what the model is for.
  static func declared(model meaning: OptionMeaning) -> [ConfigurationOption<Self>] {
    [
      .init(
        "model", \.model, .string, required: true, changeable: true, meaning: meaning,
        "A name in the model store, or the path of an .onnx file or of a manifest."),
      .init(
        "shape", \.shape, .any([.word(["auto", "square"]), .list(.integer(32...8192), count: 2...2)]), changeable: true,
        "Input size: the smallest rectangle that holds the picture, the model's square, or [height, width]."),
      .init(
        "score", \.score, .number(0...1), changeable: true, meaning: .score,
        "Keeps detections that score more than this."),
      .init(
        "iou", \.iou, .number(0...1), changeable: true, "Boxes of one class that overlap more than this are one object."
      ),
      .init(
        "maxDetections", \.maxDetections, .integer(1...10_000), changeable: true,
        "Keeps this many of the best detections per frame."),
      .init("threads", \.threads, .integer(1...64), "Threads inside one inference; several workers scale better."),
      .init(
        "timeoutMs", \.timeoutMs, .number(0...600_000),
        "An inference that takes longer is ended; the frame goes on without its results. 0: no limit."),
      .init(
        "slowMs", \.slowMs, .number(0.1...600_000),
        "The model is slow when the 95th percentile of its inferences is above this for ten seconds."),
      .init(
        "fallback", \.fallback, .object(FallbackSettings.schema),
        "What is used instead while the model hangs or is slow: `model`, `shape`, `interval`; `retryS`: when the stage's own options are tried again."
      ),
      .init(
        "checkS", \.checkS, .number(0...604_800),
        "Seconds between two checks of the model's file against the hash that it was opened with; 0: never."),
      .init(
        "where", \.place, .word(PlacementMode.allCases.map(\.rawValue)),
        "Where the model runs: here (edge), on a server (cloud), here and there what would be late (edge-first), there and here what is not answered in time (cloud-first), or each frame where it is done first (route)."
      ),
      .init("remote", \.remote, .object(RemoteSettings.schema), "The servers, for any `where` but edge."),
    ] + GateSettings.options.map { $0.of(\.gate) }
  }
}
