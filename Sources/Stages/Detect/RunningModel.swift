import Detectors
import EdgepipeCore
import Foundation
import Pipeline
import Synchronization

/// A model as a detecting stage runs it: what is known of it, and a session for each worker.
final class RunningModel: Sendable {
  let request: InputRequest
  let manifest: ModelManifest
  let notes: [String]
  let namesFrom: HeadGuess.NameSource
  let resolved: ResolvedModel
  /// As the stage's options name it.
  let reference: String
  let shape: InputShape

  private let context: StageContext
  private let engine: any InferenceEngine
  private let threads: Int
  private let place: PlacementMode
  private let remote: RemoteSettings?
  /// Nil where the model runs here only.
  private let placement: (any InferencePlacement)?

  private struct State {
    /// Until the last worker has its session.
    var bytes: Data?
    var opened = 0
    /// Opened before a worker asks for them.
    var ready: [Session] = []
  }
  private let state: Mutex<State>

  /// A session on its way to the thread that will use it.
  @safe private struct Session: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): taken out of the list once, by the one thread that uses it from then on.
    let session: any InferenceSession
  }

  /// Reads and checks the model; opens no session.
  ///
  /// - Throws: a ``PipelineError`` for a model that is not there, cannot be read, or is one that the stage does not run.
  init(_ settings: DetectorSettings, findsFaces: Bool, context: StageContext) throws {
    guard let resolver = context.services.find((any ModelResolver).self),
      let engine = context.services.find((any InferenceEngine).self)
    else { throw PipelineError("no model store or no inference engine is available", code: .internalFault) }
    let resolved = try Self.resolve(settings.model, resolver, context)
    let file = try ModelFile(resolved, shape: settings.shape)
    guard file.manifest.head.findsFaces == findsFaces else {
      let other = findsFaces ? DetectYOLO.type : DetectFace.type
      throw PipelineError(
        "the model '\(settings.model)' has a \(file.manifest.head.title) head, which this stage does not support",
        remedy: "use it in a stage of type '\(other)'", code: .invalidConfiguration)
    }
    self.context = context
    self.engine = engine
    self.resolved = resolved
    (reference, shape, threads) = (settings.model, settings.shape, settings.threads)
    (manifest, request, notes, namesFrom) = (file.manifest, file.request, file.notes, file.namesFrom)
    state = Mutex(State(bytes: file.bytes))
    (place, remote) = (settings.place, settings.remote)
    kept = try KeptFrames(settings.remote, stage: context.id)
    still = settings.place == .cloudFirst ? settings.remote.flatMap { StillScenes($0, file.request.format) } : nil
    let options = SessionOptions(threads: settings.threads, modelName: file.manifest.name)
    placement = try Self.placement(settings, file, context) {
      let model = try ModelFile(resolved, shape: file.request.shape).bytes
      return try context.threads.adopt(stage: context.id) { try engine.makeSession(model: model, options: options) }
    }
    for note in notes { context.logger.warning("\(note)") }
  }

  /// What servers have found may be used again; nil where it is not.
  let still: StillScenes?
  private let kept: KeptFrames

  /// Whether the frame may be sent nowhere: earlier stages have found on it what must stay.
  func mustStay(_ frame: Frame) -> Bool {
    !kept.isEmpty
      && frame.results.contains {
        kept.holds($0.detections, width: frame.header.width, height: frame.header.height)
      }
  }

  /// Whether it is the model, at the input shape, that the options name.
  func runs(_ settings: DetectorSettings) -> Bool {
    settings.model == reference && settings.shape == shape && settings.place == place && settings.remote == remote
  }

  deinit { placement?.close() }

  private static func placement(
    _ settings: DetectorSettings, _ file: ModelFile, _ context: StageContext,
    opening local: @escaping @Sendable () throws -> any InferenceSession
  ) throws -> (any InferencePlacement)? {
    guard settings.place.usesCloud else { return nil }
    guard let remote = settings.remote else {
      throw PipelineError(
        "'\(context.id)' has no servers for \"where\": \"\(settings.place.rawValue)\"",
        remedy: "name them: \"remote\": {\"servers\": [\"http://HOST:8000\"]}", code: .invalidConfiguration)
    }
    guard let service = context.services.find((any RemoteInference).self) else {
      throw PipelineError(
        "this build of edgepipe runs no models on other machines",
        remedy: "build it with the trait Remote, or set \"where\": \"edge\"", code: .unsupported)
    }
    // What a recorded run was told by servers is not asked again: a replay runs the model here.
    guard !context.isReplay else { return nil }
    return try service.open(
      PlacementRequest(
        mode: settings.place, settings: remote, manifest: file.manifest, input: file.request, inputs: file.inputs,
        outputs: file.outputs, context: context), opening: local)
  }

  private static func resolve(
    _ reference: String, _ resolver: any ModelResolver, _ context: StageContext
  ) throws -> ResolvedModel {
    do {
      do { return try resolver.resolve(reference) } catch let error as PipelineError where error.code == .malformed {
        // Only for a pipeline as a whole, not for a stage that somebody makes by itself.
        guard context.requests != nil, !context.isReplay else { throw error }
        return try ModelDamage.mend(reference, error, resolver, context)
      }
    } catch var error as PipelineError {
      // A model that the pipeline file names and that is not there is a fault of the pipeline file.
      if error.code == .notFound { error.code = .modelMissing }
      if error.code == .modelMissing, error.remedy == nil { error.remedy = "edgepipe models pull \(reference)" }
      throw error
    }
  }

  /// Opens a session for each worker ahead of time, and runs each once: a model that does not run is known before any
  /// frame needs it.
  func prepare(workers: Int) throws {
    // With servers there are as many sessions here as `remote` says, opened as they are needed.
    for _ in 0..<(placement == nil ? workers : 1) {
      let session = try makeLocalSession(workers: workers)
      let geometry = LetterboxGeometry(
        sourceWidth: request.nominalSize, sourceHeight: request.nominalSize, request: request)
      let shape = request.format.shape(height: geometry.inputHeight, width: geometry.inputWidth)
      let detector = try Detector(session: session, manifest: manifest, options: DetectorOptions())
      _ = try detector.detect(
        ModelInput(tensor: .grey(shape: shape, element: request.format.element), geometry: geometry))
      if placement == nil { state.withLock { $0.ready.append(Session(session: session)) } }
    }
  }

  /// A detector for one worker, on that worker's thread.
  func makeDetector(_ options: DetectorOptions, workers: Int) throws -> Detector {
    let ready = state.withLock { $0.ready.popLast() }
    return try Detector(
      session: ready?.session ?? makeSession(workers: workers), manifest: manifest, options: options)
  }

  private func makeSession(workers: Int) throws -> any InferenceSession {
    try placement?.makeSession(workers: workers) ?? makeLocalSession(workers: workers)
  }

  private func makeLocalSession(workers: Int) throws -> any InferenceSession {
    let bytes = state.withLock { state in
      state.opened += 1
      defer { if state.opened >= workers { state.bytes = nil } }
      return state.bytes
    }
    let model = try bytes ?? ModelFile(resolved, shape: request.shape).bytes
    return try context.threads.adopt(stage: context.id) {
      try engine.makeSession(model: model, options: SessionOptions(threads: threads, modelName: manifest.name))
    }
  }

  /// For the run report.
  var facts: [String: ReportValue] {
    var facts: [String: ReportValue] = [
      "engine": .string(engine.version), "model": .string(manifest.name), "sha256": .string(resolved.sha256),
      "head": .string(manifest.head.rawValue), "precision": .string(manifest.precision),
      "names_from": .string(namesFrom.rawValue), "threads": .int(threads),
    ]
    if case .fixed(let height, let width)? = manifest.ownShape { facts["own_shape"] = .string("\(width)x\(height)") }
    if let placement {
      var ways = placement.facts
      if let still { ways["reused"] = .int(still.reused) }
      facts["placement"] = .object(ways)
    }
    if !notes.isEmpty { facts["notes"] = .list(notes.map { .string($0) }) }
    return facts
  }
}
