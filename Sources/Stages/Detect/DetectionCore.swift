import Detectors
import EdgepipeCore
import Foundation
import Pipeline
import Synchronization

/// What both detecting stages share: the model, the sessions and the facts. One session a worker.
final class DetectionCore: Sendable {
  let context: StageContext
  /// As the run begins.
  let initial: DetectionAdjustment
  /// What is used while the model hangs or is slow, kept open for it.
  private let fallback: DetectionAdjustment?
  let watch: InferenceWatch?
  /// How it is part of a cascade.
  let cascade: CascadePart
  private let files: ModelFileWatch?
  private let findsFaces: Bool

  private struct State {
    /// Of the latest options; frames that were admitted before have another one.
    var latest: RunningModel
    /// That a worker has used last.
    var used: RunningModel?
    /// All models that were used, in their order.
    var models: [String] = []
    var workers = 0
    /// Of these, how many have ended.
    var left = 0
    var sizes: Set<InputSize> = []
    var nonFinite = 0
    var leftOut = LeftOutByScore()
    var passedBy = 0
    var unanswered = 0
    var mustStayOpen = false
    /// The stage that prepares the tensors of this one and of no other.
    var preparedBy: String?
    var isTracked = false
  }
  private let state: Mutex<State>

  /// - Parameter classes: class names that are wanted; nil for all.
  init(_ settings: DetectorSettings, classes: [String]?, findsFaces: Bool, context: StageContext) throws {
    self.context = context
    self.findsFaces = findsFaces
    let model = try RunningModel(settings, findsFaces: findsFaces, context: context)
    initial = try DetectionAdjustment(settings, classes: classes, model)
    cascade = try CascadePart(settings.gate.cascade, stage: context.id)
    fallback = try Self.fallback(settings, classes: classes, model, findsFaces: findsFaces, context: context)
    watch = InferenceWatch(settings, context: context)
    let models = [model, fallback?.model].compactMap { $0?.resolved }
    files = ModelFileWatch(models, everyS: settings.checkS, context: context)
    state = Mutex(State(latest: model))
  }

  private static func fallback(
    _ settings: DetectorSettings, classes: [String]?, _ own: RunningModel, findsFaces: Bool, context: StageContext
  ) throws -> DetectionAdjustment? {
    guard let fallback = settings.fallback else { return nil }
    guard !fallback.changes.isEmpty else {
      throw PipelineError(
        "the fallback of '\(context.id)' changes nothing", remedy: "give it a 'model', a 'shape' or an 'interval'",
        code: .invalidConfiguration)
    }
    let settings = settings.with(fallback)
    let model =
      own.runs(settings) ? own : try RunningModel(settings, findsFaces: findsFaces, context: context)
    return try DetectionAdjustment(settings, classes: classes, model)
  }

  /// Whether frames may be kept from the stage without anybody's order.
  var mayClose: Bool { !initial.gate.isAlwaysOpen || fallback?.gate.isAlwaysOpen == false }

  private var model: RunningModel { initial.model }
  private var manifest: ModelManifest { model.manifest }
  var request: InputRequest { model.request }

  /// What workers use once the options are these. Another model is opened and tried here, while workers go on with the one
  /// that they have.
  func adjustment(_ settings: DetectorSettings, classes: [String]?) throws -> DetectionAdjustment {
    let (latest, workers) = state.withLock { ($0.latest, $0.workers) }
    let known = [latest, initial.model, fallback?.model].compactMap { $0 }.first { $0.runs(settings) }
    let model = try known ?? RunningModel(settings, findsFaces: findsFaces, context: context)
    let adjustment = try DetectionAdjustment(settings, classes: classes, model)
    try cascade.check(settings.gate.cascade)
    if !adjustment.gate.isAlwaysOpen, state.withLock({ $0.mustStayOpen }) {
      throw PipelineError(
        "'\(context.id)' cannot pass frames by: several workers prepare its input, which do not keep the order of frames",
        remedy: "give its preprocess.letterbox one worker and run the pipeline again", code: .invalidConfiguration)
    }
    if known == nil {
      try Letterbox.check(model.request, of: context.id)
      try model.prepare(workers: max(1, workers))
      files?.add(model.resolved)
    }
    state.withLock { $0.latest = model }
    if let fallback, !fallback.model.runs(settings) || fallback.gate.interval != settings.gate.interval {
      watch?.noteOwnOptions()
    }
    return adjustment
  }

  func connect(to peers: StagePeers) {
    cascade.connect(to: peers, model: model)
    let isTracked = peers.downstream.contains { peers.stages[$0]?.interface.follows != nil }
    state.withLock { $0.isTracked = isTracked }
  }

  func isPrepared(by stage: String, alone: Bool) { state.withLock { $0.preparedBy = alone ? stage : nil } }

  func keepGateOpen() { state.withLock { $0.mustStayOpen = true } }

  var usedFiles: [FileUse] {
    let own = model.resolved.files(as: "the model of '\(context.id)'")
    guard let other = fallback?.model, other !== model else { return own }
    return own + other.resolved.files(as: "the fallback of '\(context.id)'")
  }

  /// One more worker begins. With the first one the fallback is opened, which must be at hand when it is needed, and what
  /// watches begins.
  ///
  /// - Returns: where the worker says that it waits for the model.
  func noteWorker(of workers: Int) throws -> InferenceSeat? {
    let isFirst = state.withLock { state in
      state.workers += 1
      return state.workers == 1
    }
    if isFirst {
      if let fallback, fallback.model !== model {
        try Letterbox.check(fallback.request, of: context.id)
        try fallback.model.prepare(workers: workers)
      }
      try files?.start()
    }
    return try watch?.makeSeat()
  }

  /// A worker has ended.
  func leave(_ seat: InferenceSeat?) {
    if let seat { watch?.leave(seat) }
    let isLast = state.withLock { state in
      state.left += 1
      return state.left == state.workers
    }
    if isLast { files?.stop() }
  }

  var workers: Int { state.withLock { $0.workers } }

  /// A worker uses the model from now on.
  func noteUse(of model: RunningModel) {
    let isNew = state.withLock { state in
      guard state.used !== model else { return false }
      state.used = model
      if state.models.last != model.manifest.name { state.models.append(model.manifest.name) }
      return state.models.count > 1
    }
    if isNew { context.logger.notice("runs the model '\(model.manifest.name)'") }
  }

  /// Of the detections that this model can give with the options that the run begins with.
  var labels: [String] { initial.options.classes.map { $0.map { manifest.classes[$0] } } ?? manifest.classes }

  /// What the stage can find, and that its input must be prepared.
  var interface: StageInterface {
    let found = Set(labels)
    var interface = StageInterface()
    interface.finds = .only(found)
    interface.leavesOut = Set(manifest.classes).subtracting(found)
    interface.preparedBy = Letterbox.type
    interface.looks = looks
    interface.refines = cascade.resultName
    (interface.faults, interface.remarks) = (cascade.faults, cascade.remarks)
    return interface
  }

  private var looks: LookPace {
    let gate = initial.gate
    var looks = LookPace()
    (looks.isEnabled, looks.interval) = (gate.isEnabled, gate.interval)
    (looks.maxRate, looks.isOnMotion) = (gate.maxRate, gate.motion != nil)
    looks.isOnDoubt = gate.cascade != nil
    looks.fallbackInterval = fallback?.gate.interval
    return looks
  }

  func saw(_ geometry: LetterboxGeometry) {
    state.withLock { _ = $0.sizes.insert(InputSize(width: geometry.inputWidth, height: geometry.inputHeight)) }
  }

  var inputSizes: [InputSize] {
    state.withLock { $0.sizes.sorted { ($0.area, $0.width) < ($1.area, $1.width) } }
  }

  /// Whether the gate keeps the frame from this stage.
  func isShut(for frame: Frame) -> Bool { frame.attachment(context.id) is GateClosed }

  /// Whether the model hangs, and frames that were prepared for it pass by until the fallback's come.
  func isHanging(_ model: RunningModel) -> Bool {
    model === self.model && watch?.isHanging == true && fallback?.model !== model
  }

  func countUnanswered() { state.withLock { $0.unanswered += 1 } }

  func countPassedBy() { state.withLock { $0.passedBy += 1 } }

  func add(nonFinite count: Int) {
    guard count > 0 else { return }
    let isFirst = state.withLock { state in
      defer { state.nonFinite += count }
      return state.nonFinite == 0
    }
    if isFirst {
      context.logger.warning("the model '\(manifest.name)' returned NaN or infinite values; such boxes are left out")
    }
  }

  func add(_ leftOut: LeftOutByScore) { state.withLock { $0.leftOut.add(leftOut) } }

  var facts: [String: ReportValue] {
    let state = state.withLock { $0 }
    var facts = (state.used ?? model).facts
    let sizes = state.sizes.map { "\($0.width)x\($0.height)" }.sorted()
    facts["input_sizes"] = .list(sizes.map { .string($0) })
    facts["workers"] = .int(state.workers)
    facts["non_finite_boxes"] = .int(state.nonFinite)
    facts["score"] = .rounded(Double(initial.options.score))
    if state.leftOut.pictures > 0 {
      facts["left_out_by_score"] = .object([
        "pictures": .int(state.leftOut.pictures), "found": .int(state.leftOut.found),
        "left_out": .int(state.leftOut.leftOut), "best_score": .rounded(Double(state.leftOut.bestScore)),
        "above": .rounded(Double(LeftOutByScore.usualScore)),
      ])
    }
    if !initial.gate.isAlwaysOpen || state.passedBy > 0 { facts["passed_by"] = .int(state.passedBy) }
    if let record = cascade.record { facts["cascade"] = record.fact }
    if state.unanswered > 0 { facts["unanswered"] = .int(state.unanswered) }
    if state.models.count > 1 { facts["models"] = .list(state.models.map { .string($0) }) }
    return facts
  }
}

extension InputSize {
  /// Three quarters of each side, in multiples of 32, which all models take; nil where that is not smaller.
  fileprivate var smaller: InputSize? {
    func side(_ value: Int) -> Int { max(32, (value * 3 / 4 + 16) / 32 * 32) }
    let smaller = InputSize(width: side(width), height: side(height))
    return smaller.area < area ? smaller : nil
  }
}

extension DetectionCore {
  var tips: [StageTip] {
    let state = state.withLock { $0 }
    let gate = initial.gate, interval = gate.interval + 1
    var tips = [
      StageTip(
        "threads=\(initial.threads + 1)", "lower latency of each frame, but fewer frames per second", for: [.latency],
        if: .freeCores)
    ]
    if let tip = shapeTip(state.sizes) { tips.append(tip) }
    tips.append(
      StageTip(
        "interval=\(interval)",
        state.isTracked
          ? "the tracker predicts in between" : "frames in between have no boxes unless a tracker follows",
        // What it does not look at is not scaled for it either.
        work: Double(gate.interval) / Double(interval), alsoSpares: state.preparedBy.map { [$0] } ?? []))
    if gate.motion == nil { tips.append(StageTip("onMotion=true", "if the scene is often still")) }
    if manifest.precision.hasPrefix("float") {
      tips.append(
        StageTip(
          nil, "an INT8 model at \(context.id).model: this processor multiplies 8-bit integers directly",
          for: [.throughput, .latency], if: .int8DotProduct))
    }
    tips.append(StageTip(nil, "'edgepipe tune' tries models, shapes, workers and intervals on this machine"))
    return tips
  }

  private func shapeTip(_ sizes: Set<InputSize>) -> StageTip? {
    // A model that is meant for pictures of one shape takes no other.
    if case .fixed? = manifest.ownShape { return nil }
    let purposes: Set<StageTip.Purpose> = [.throughput, .latency]
    if case .square = model.shape { return StageTip("shape=auto", "fewer pixels for wide pictures", for: purposes) }
    guard let size = sizes.max(by: { $0.area < $1.area }), let smaller = size.smaller else { return nil }
    return StageTip(
      "shape=[\(smaller.height),\(smaller.width)]", "small objects are detected less often", for: purposes,
      work: Double(smaller.area) / Double(size.area))
  }
}
