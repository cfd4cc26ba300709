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
  let gate: GateSettings

  private let resolved: ResolvedModel
  private let engine: any InferenceEngine
  private let options: DetectorOptions
  private let threads: Int
  private let notes: [String]
  private let namesFrom: HeadGuess.NameSource

  private struct State {
    /// Until the last worker has its session.
    var bytes: Data?
    var workers = 0
    var sizes: Set<String> = []
    var nonFinite = 0
    var passedBy = 0
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
    gate = settings.gate
    let resolved = try Self.resolve(settings.model, resolver)
    let file = try ModelFile(resolved, shape: settings.shape)
    guard file.manifest.head.findsFaces == findsFaces else {
      let other = findsFaces ? "detect.yolo" : "detect.face"
      throw PipelineError(
        "the model '\(settings.model)' has a \(file.manifest.head.title) head, which this stage does not support",
        remedy: "use it in a stage of type '\(other)'", code: .invalidConfiguration)
    }
    self.resolved = resolved
    manifest = file.manifest
    request = file.request
    notes = file.notes
    namesFrom = file.namesFrom
    options = DetectorOptions(
      score: Float(settings.score), iou: Float(settings.iou), maxDetections: settings.maxDetections,
      classes: try classes.map { try ClassNames.indices(of: $0, in: file.manifest) })
    state = Mutex(State(bytes: file.bytes))
    for note in notes { context.logger.warning("\(note)") }
  }

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
      return try Detector(session: session, manifest: manifest, options: options)
    }
  }

  /// Of the detections that this model can give with these options.
  var labels: [String] { options.classes.map { $0.map { manifest.classes[$0] } } ?? manifest.classes }

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
    state.withLock { _ = $0.sizes.insert("\(geometry.inputWidth)x\(geometry.inputHeight)") }
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
      var facts: [String: ReportValue] = [
        "engine": .string(engine.version), "model": .string(manifest.name), "sha256": .string(resolved.sha256),
        "head": .string(manifest.head.rawValue), "precision": .string(manifest.precision),
        "names_from": .string(namesFrom.rawValue),
        "input_sizes": .list(state.sizes.sorted().map { .string($0) }), "threads": .int(threads),
        "workers": .int(state.workers), "non_finite_boxes": .int(state.nonFinite),
      ]
      if case .fixed(let height, let width)? = manifest.ownShape { facts["own_shape"] = .string("\(width)x\(height)") }
      if !gate.isAlwaysOpen { facts["passed_by"] = .int(state.passedBy) }
      if !notes.isEmpty { facts["notes"] = .list(notes.map { .string($0) }) }
      return facts
    }
  }
}

/// One worker of a detecting stage: takes the prepared input off the frame and hangs the detections on it.
final class DetectionWorker: FrameWorker {
  private let core: DetectionCore
  private let detector: Detector
  private var lastGeometry: LetterboxGeometry?
  private var reportedNonFinite = 0

  init(_ core: DetectionCore, _ context: WorkerContext) throws {
    self.core = core
    detector = try core.makeDetector(context)
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
