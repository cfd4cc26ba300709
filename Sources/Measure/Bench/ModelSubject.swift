package import Detectors
import EdgepipeCore
import EdgepipeMachine
import EdgepipeONNX
import Foundation
import Stages
import Synchronization

/// A model on an engine, fed with random pictures: the time of a detector does not depend on what it sees.
package final class ModelSubject: BenchSubject {
  let model: ResolvedModel
  /// As the first look at the file settles them.
  package let manifest: ModelManifest
  let notes: [String]
  private let engine: any InferenceEngine
  private let decodes: Bool
  private let seed: UInt64

  private struct BatchKey: Hashable {
    var height: Int
    var width: Int
    var batch: Int
  }
  /// What came of looking whether a batch gives what single pictures give.
  private let checked = Mutex<[BatchKey: PipelineError?]>([:])

  /// - Parameters:
  ///   - decodes: measures decoding and non-maximum suppression as well, of single pictures.
  ///   - seed: of the pictures.
  /// - Throws: a ``PipelineError`` that names the model.
  package init(_ model: ResolvedModel, engine: any InferenceEngine, decodes: Bool = false, seed: UInt64 = 1) throws {
    let file = try ModelFile(model, shape: .auto)
    self.model = model
    self.engine = engine
    self.decodes = decodes
    self.seed = seed
    manifest = file.manifest
    notes = file.notes
  }

  /// The input that a picture of 1920 x 1080 gets with `shape`, in pixels. Whether the model takes a fixed size shows
  /// when it is prepared.
  package func size(for shape: InputShape) throws -> (height: Int, width: Int) {
    if case .fixed(let height, let width) = shape { return (height, width) }
    let request = try ModelFile(model, shape: shape).request
    let geometry = LetterboxGeometry(sourceWidth: 1920, sourceHeight: 1080, request: request)
    return (geometry.inputHeight, geometry.inputWidth)
  }

  package func prepare(_ configuration: BenchConfiguration) throws -> @Sendable () throws -> any BenchSession {
    if decodes, configuration.batch > 1 {
      throw PipelineError("decoding is measured only for single pictures", code: .invalidConfiguration)
    }
    let file = try ModelFile(model, shape: .fixed(height: configuration.height, width: configuration.width))
    try checkMemory(configuration)
    let bytes = configuration.batch > 1 ? try OnnxShapes.freeingBatch(of: file.bytes) : file.bytes
    if configuration.batch > 1 { try check(bytes, configuration) }
    let options = SessionOptions(threads: configuration.threads, modelName: manifest.name)
    let manifest = file.manifest, request = file.request
    return { [engine, decodes, seed] in
      let session = try engine.makeSession(model: bytes, options: options)
      let input = RandomPictures.tensor(configuration, format: manifest.input, seed: seed)
      guard decodes else { return PlainSession(session, input) }
      let detector = try Detector(session: session, manifest: manifest, options: DetectorOptions())
      let geometry = LetterboxGeometry(
        sourceWidth: configuration.width, sourceHeight: configuration.height, request: request)
      return DecodingSession(detector, ModelInput(tensor: input, geometry: geometry))
    }
  }

  /// Refuses inputs that this machine cannot hold, before they are asked of the system.
  private func checkMemory(_ configuration: BenchConfiguration) throws {
    let values = [configuration.height, configuration.width, 3, configuration.batch, configuration.workers]
      .reduce(Double(manifest.input.element.byteCount)) { $0 * Double($1) }
    let needed = values / Double(1 << 20), limit = Double(MachineInfo.current.memoryMB) / 2
    guard needed > limit else { return }
    throw PipelineError(
      "the input alone takes \(Int(needed)) MB, more than half of this machine's memory", code: .invalidConfiguration)
  }

  /// - Throws: the same every time for one size and batch; it is looked at once.
  private func check(_ bytes: Data, _ configuration: BenchConfiguration) throws {
    let key = BatchKey(height: configuration.height, width: configuration.width, batch: configuration.batch)
    if let known = checked.withLock({ $0[key] }) {
      if let known { throw known }
      return
    }
    do {
      let session = try engine.makeSession(model: bytes, options: SessionOptions(modelName: manifest.name))
      try BatchCheck(session, format: manifest.input, seed: seed).run(configuration)
    } catch var error as PipelineError where error.code.isOfData {
      error.message = "does not support batches of \(configuration.batch) pictures: \(error.message)"
      error.remedy = nil
      checked.withLock { $0[key] = .some(error) }
      throw error
    }
    checked.withLock { $0[key] = .some(nil) }
  }
}

/// Inference alone: the outputs are made, and nobody reads them.
private final class PlainSession: BenchSession {
  private let session: any InferenceSession
  private let input: Tensor

  init(_ session: any InferenceSession, _ input: Tensor) {
    self.session = session
    self.input = input
  }

  func run() throws { try session.run(input) { _ in } }
}

/// Inference, decoding and non-maximum suppression.
private final class DecodingSession: BenchSession {
  private let detector: Detector
  private let input: ModelInput

  init(_ detector: Detector, _ input: ModelInput) {
    self.detector = detector
    self.input = input
  }

  func run() throws { _ = try detector.detect(input) }
}
