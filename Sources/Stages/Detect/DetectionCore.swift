import Detectors
import EdgepipeCore
import Foundation
import Pipeline
import Synchronization

/// What both detecting stages share: the model, the sessions and the facts. One session a worker.
final class DetectionCore: Sendable {
  let context: StageContext
  let request: InputRequest
  let manifest: ModelManifest

  private let resolved: ResolvedModel
  private let engine: any InferenceEngine
  /// As the run begins.
  let initial: DetectionAdjustment
  private let threads: Int
  private let shape: InputShape
  private let notes: [String]
  private let namesFrom: HeadGuess.NameSource

  private struct State {
    /// Until the last worker has its session.
    var bytes: Data?
    var workers = 0
    var sizes: Set<InputSize> = []
    var nonFinite = 0
    var passedBy = 0
    var mustStayOpen = false
    /// The stage that prepares the tensors of this one and of no other.
    var preparedBy: String?
    var isTracked = false
  }
  private let state: Mutex<State>

  /// - Parameter classes: class names that are wanted; nil for all.
  init(_ settings: DetectorSettings, classes: [String]?, findsFaces: Bool, context: StageContext) throws {
    guard let resolver = context.services.find((any ModelResolver).self),
      let engine = context.services.find((any InferenceEngine).self)
    else { throw PipelineError("no model store or no inference engine is available", code: .internalFault) }
    self.context = context
    self.engine = engine
    threads = settings.threads
    shape = settings.shape
    let resolved = try Self.resolve(settings.model, resolver)
    let file = try ModelFile(resolved, shape: settings.shape)
    guard file.manifest.head.findsFaces == findsFaces else {
      let other = findsFaces ? DetectYOLO.type : DetectFace.type
      throw PipelineError(
        "the model '\(settings.model)' has a \(file.manifest.head.title) head, which this stage does not support",
        remedy: "use it in a stage of type '\(other)'", code: .invalidConfiguration)
    }
    self.resolved = resolved
    manifest = file.manifest
    request = file.request
    notes = file.notes
    namesFrom = file.namesFrom
    initial = try DetectionAdjustment(settings, classes: classes, file.manifest)
    state = Mutex(State(bytes: file.bytes))
    for note in notes { context.logger.warning("\(note)") }
  }

  /// What workers use once the options are these.
  func adjustment(_ settings: DetectorSettings, classes: [String]?) throws -> DetectionAdjustment {
    let adjustment = try DetectionAdjustment(settings, classes: classes, manifest)
    if !adjustment.gate.isAlwaysOpen, state.withLock({ $0.mustStayOpen }) {
      throw PipelineError(
        "'\(context.id)' cannot pass frames by: several workers prepare its input, which do not keep the order of frames",
        remedy: "give its preprocess.letterbox one worker and run the pipeline again", code: .invalidConfiguration)
    }
    return adjustment
  }

  func connect(to peers: StagePeers) {
    let isTracked = peers.downstream.contains { peers.stages[$0]?.interface.follows != nil }
    state.withLock { $0.isTracked = isTracked }
  }

  func isPrepared(by stage: String, alone: Bool) { state.withLock { $0.preparedBy = alone ? stage : nil } }

  func keepGateOpen() { state.withLock { $0.mustStayOpen = true } }

  private static func resolve(_ reference: String, _ resolver: any ModelResolver) throws -> ResolvedModel {
    do {
      return try resolver.resolve(reference)
    } catch var error as PipelineError {
      // A model that the pipeline file names and that is not there is a fault of the pipeline file.
      if error.code == .notFound { error.code = .modelMissing }
      if error.code == .modelMissing, error.remedy == nil { error.remedy = "edgepipe models pull \(reference)" }
      throw error
    }
  }

  var files: [FileUse] { resolved.files(as: "the model of '\(context.id)'") }

  /// Opens a session for one worker, on that worker's thread.
  func makeDetector(_ worker: WorkerContext) throws -> Detector {
    let bytes = state.withLock { state in
      state.workers += 1
      defer { if state.workers >= worker.workerCount { state.bytes = nil } }
      return state.bytes
    }
    let model = try bytes ?? ModelFile(resolved, shape: request.shape).bytes
    return try context.threads.adopt(stage: context.id) {
      let session = try engine.makeSession(
        model: model, options: SessionOptions(threads: threads, modelName: manifest.name))
      return try Detector(session: session, manifest: manifest, options: initial.options)
    }
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
    return interface
  }

  func saw(_ geometry: LetterboxGeometry) {
    state.withLock { _ = $0.sizes.insert(InputSize(width: geometry.inputWidth, height: geometry.inputHeight)) }
  }

  var inputSizes: [InputSize] {
    state.withLock { $0.sizes.sorted { ($0.area, $0.width) < ($1.area, $1.width) } }
  }

  /// Whether the gate keeps the frame from this stage.
  func isShut(for frame: Frame) -> Bool { frame.attachment(context.id) is GateClosed }

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

  var facts: [String: ReportValue] {
    state.withLock { state in
      let sizes = state.sizes.map { "\($0.width)x\($0.height)" }.sorted()
      var facts: [String: ReportValue] = [
        "engine": .string(engine.version), "model": .string(manifest.name), "sha256": .string(resolved.sha256),
        "head": .string(manifest.head.rawValue), "precision": .string(manifest.precision),
        "names_from": .string(namesFrom.rawValue),
        "input_sizes": .list(sizes.map { .string($0) }), "threads": .int(threads),
        "workers": .int(state.workers), "non_finite_boxes": .int(state.nonFinite),
      ]
      if case .fixed(let height, let width)? = manifest.ownShape { facts["own_shape"] = .string("\(width)x\(height)") }
      if !initial.gate.isAlwaysOpen || state.passedBy > 0 { facts["passed_by"] = .int(state.passedBy) }
      if !notes.isEmpty { facts["notes"] = .list(notes.map { .string($0) }) }
      return facts
    }
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
        "threads=\(threads + 1)", "lower latency of each frame, but fewer frames per second", for: [.latency],
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
    if case .square = shape { return StageTip("shape=auto", "fewer pixels for wide pictures", for: purposes) }
    guard let size = sizes.max(by: { $0.area < $1.area }), let smaller = size.smaller else { return nil }
    return StageTip(
      "shape=[\(smaller.height),\(smaller.width)]", "small objects are detected less often", for: purposes,
      work: Double(smaller.area) / Double(size.area))
  }
}

/// One worker of a detecting stage: takes the prepared input off the frame and hangs the detections on it.
final class DetectionWorker: FrameWorker {
  private let core: DetectionCore
  private let detector: Detector
  private var adjusted: AdjustedOptions<DetectionAdjustment>
  private var lastGeometry: LetterboxGeometry?
  private var reportedNonFinite = 0

  init(_ core: DetectionCore, _ context: WorkerContext) throws {
    self.core = core
    detector = try core.makeDetector(context)
    adjusted = AdjustedOptions(of: core.context.id, initial: core.initial)
  }

  func process(_ frame: Frame) throws -> FrameOutcome {
    let id = core.context.id
    if core.isShut(for: frame) {
      var frame = frame
      frame.detach(id)
      core.countPassedBy()
      return .emit(frame)
    }
    guard let input = frame.attachment(id) as? ModelInput else {
      throw PipelineError(
        "no preprocess.letterbox prepares the input of '\(id)'",
        remedy: "add one before it, with \"for\": [\"\(id)\"] in its config", code: .invalidConfiguration)
    }
    if input.geometry != lastGeometry {
      core.saw(input.geometry)
      lastGeometry = input.geometry
    }
    if adjusted.follow(frame) { detector.options = adjusted.value.options }
    let detections = try detector.detect(input)
    if detector.nonFinite > reportedNonFinite {
      core.add(nonFinite: detector.nonFinite - reportedNonFinite)
      reportedNonFinite = detector.nonFinite
    }
    var frame = frame
    frame.detach(id)
    frame.attach(StageResults(stage: id, detections: detections))
    return .emit(frame)
  }

  func finish() throws { core.context.threads.sampleBeforeRelease(stage: core.context.id) }
}
