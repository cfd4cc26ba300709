import Detectors
public import EdgepipeCore
public import Pipeline
import Synchronization

/// Scales pictures into the input tensors of the models that come later.
///
/// Input: frames with pixels. Output: the same frames, with one tensor for each stage that runs a model: area scaled,
/// the aspect ratio kept, in the layout, colour order, range and size that the stage's model asks for. Stages that ask
/// for the same share one tensor.
///
/// Gates come first: what the `interval`, `maxRate` or `onMotion` of a detecting stage keeps from it is not scaled for
/// it. Gates need the frames in order, and so one worker here.
///
/// Drops: nothing; a picture in a pixel format that cannot be scaled fails with its reason.
///
/// Trade-off: area scaling keeps small objects that bilinear scaling loses, at 0.3 (AVX-512) to 1 ms of CPU for 1080p to
/// 416x234. `workers` above 1 helps only when scaling is the slowest stage.
///
/// ```json
/// { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"], "config": { "for": ["objects", "faces"] } }
/// ```
public final class Letterbox: FrameStage {
  public struct Configuration: StageConfiguration {
    /// The ids of the stages to work for; nil for all later stages that run a model.
    public var consumers: [String]?

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "for", \.consumers, .list(.string, count: 1...64),
        "The stages to prepare tensors for; all later stages that run a model when absent.")
    ]

    public init() {}

    public init(for consumers: [String]?) { self.consumers = consumers }
  }

  public static let type = "preprocess.letterbox"
  public static let summary = "Scales pictures into the input tensors of the models of later stages."
  public static let role = StageRole.transform
  public static let maximumWorkers = 64
  public static let needsImage = true

  /// One tensor to make, and the stages that it is for.
  struct Target: Sendable {
    var request: InputRequest
    var consumers: [String]
  }

  /// Stages that ask for the same share a tensor.
  static func targets(_ requests: [(consumer: String, request: InputRequest)]) -> [Target] {
    var targets: [Target] = []
    for (consumer, request) in requests {
      if let index = targets.firstIndex(where: { $0.request == request }) {
        if !targets[index].consumers.contains(consumer) { targets[index].consumers.append(consumer) }
      } else {
        targets.append(Target(request: request, consumers: [consumer]))
      }
    }
    return targets
  }

  private let configuration: Configuration
  private let id: String
  private let enforcesPower: Bool
  private let pool = BufferPool()
  private let targets = Mutex<[Target]>([])
  private let gated = Mutex<[String: any GatedConsumer]>([:])
  private let shapes = Mutex<[String: Set<String>]>([:])

  public init(_ configuration: Configuration, context: StageContext) throws {
    self.configuration = configuration
    id = context.id
    enforcesPower = context.enforcesPower
  }

  public func connect(to peers: StagePeers) throws {
    let known = peers.downstream.filter { peers.stages[$0] is any TensorConsumer }
    let knownText =
      known.isEmpty ? "no later stage runs a model" : "later stages that run a model: \(known.joined(separator: ", "))"
    var requests: [(consumer: String, request: InputRequest)] = []
    // What must see a smaller detector's doubt first is prepared by a letterbox behind that one.
    func smaller(_ consumer: String) -> String? {
      (peers.stages[consumer] as? any GatedConsumer)?.gate.cascade?.of
    }
    func isEarly(_ consumer: String) -> Bool {
      smaller(consumer).map { $0 != consumer && peers.downstream.contains($0) } ?? false
    }
    let ready = known.filter { !isEarly($0) }
    for consumer in configuration.consumers ?? ready {
      guard let stage = peers.stages[consumer] else {
        throw PipelineError(
          "'\(id)' prepares pictures for '\(consumer)', which is not a stage", remedy: knownText,
          code: .invalidConfiguration)
      }
      guard let stage = stage as? any TensorConsumer else {
        throw PipelineError(
          "'\(id)' prepares pictures for '\(consumer)', which does not run a model", remedy: knownText,
          code: .invalidConfiguration)
      }
      guard peers.downstream.contains(consumer) else {
        throw PipelineError(
          "'\(id)' prepares pictures for '\(consumer)', which does not come after it", remedy: knownText,
          code: .invalidConfiguration)
      }
      if isEarly(consumer), let of = smaller(consumer) {
        throw PipelineError(
          "'\(id)' prepares pictures for '\(consumer)' before '\(of)' has looked, whose doubt decides which ones go there",
          remedy: "add another \(Self.type) between '\(of)' and '\(consumer)', with \"for\": [\"\(consumer)\"]",
          code: .invalidConfiguration)
      }
      let request = stage.inputRequest
      if let stage = stage as? any GatedConsumer { gated.withLock { $0[consumer] = stage } }
      try Self.check(request, of: consumer)
      requests.append((consumer, request))
    }
    let found = Self.targets(requests)
    guard !found.isEmpty else {
      throw PipelineError(
        "'\(id)' has no stage to prepare pictures for", remedy: "add a detect stage after it, or remove it",
        code: .invalidConfiguration
      )
    }
    targets.withLock { $0 = found }
    let gated = gated.withLock { $0 }
    let isAlone = found.reduce(0) { $0 + $1.consumers.count } == 1
    for stage in gated.values { stage.isPrepared(by: id, alone: isAlone) }
  }

  public var interface: StageInterface {
    var interface = StageInterface()
    interface.prepares = Set(targets.withLock { $0 }.flatMap(\.consumers))
    interface.needsOrder = closingGate.map(Self.orderReason)
    return interface
  }

  /// A stage whose gate keeps frames from it.
  private var closingGate: String? {
    gated.withLock { gated in gated.filter { $0.value.mayClose || enforcesPower }.keys.min() }
  }

  public func makeWorker(_ context: WorkerContext) throws -> any FrameWorker {
    var gated = gated.withLock { $0 }
    if context.workerCount > 1 {
      if let closing = closingGate {
        throw PipelineError(
          "'\(id)' has \(context.workerCount) workers, but \(Self.orderReason(closing))",
          remedy: "give '\(id)' one worker", code: .invalidConfiguration)
      }
      for stage in gated.values { stage.keepGateOpen() }
      gated = [:]
    }
    let gates = gated.mapValues(\.gate), records = gated.compactMapValues(\.cascadeRecord)
    return LetterboxWorker(targets: targets.withLock { $0 }, gates: gates, records: records, pool: pool) {
      consumers, shape in
      self.shapes.withLock { shapes in
        for consumer in consumers { shapes[consumer, default: []].insert(shape) }
      }
    }
  }

  private static func orderReason(_ gated: String) -> String {
    "'\(gated)' processes only some frames and needs them in order"
  }

  public var tips: [StageTip] { [StageTip(nil, "a smaller shape for the detectors that it scales for")] }

  /// The input shapes really made for each consumer.
  public var facts: [String: ReportValue] {
    let made = shapes.withLock { $0 }
    return ["input_shapes": .object(made.mapValues { .list($0.sorted().map { .string($0) }) })]
  }

  /// The largest side of an input tensor, in pixels.
  static let sideLimit = 8192

  /// Manifests are written by others: what the loops rely on is checked here.
  static func check(_ request: InputRequest, of consumer: String) throws(PipelineError) {
    func refuse(_ what: String) -> PipelineError {
      PipelineError(
        "the model of '\(consumer)' requires \(what)", remedy: "correct the model's manifest",
        code: .invalidConfiguration)
    }
    guard request.format.mean.count == 3, request.format.scale.count == 3 else {
      throw refuse(
        "\(request.format.mean.count) means and \(request.format.scale.count) scales; a picture has 3 channels")
    }
    let sides: [Int]
    switch request.shape {
    case .auto, .square: sides = [request.nominalSize, request.stride]
    case .fixed(let height, let width): sides = [height, width]
    }
    for side in sides where !(1...Self.sideLimit).contains(side) {
      throw refuse("an input side of \(side) pixels; 1 to \(Self.sideLimit) are supported")
    }
  }
}
