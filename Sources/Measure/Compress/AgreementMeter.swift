package import Detectors
package import EdgepipeCompression
import EdgepipeCore
import EdgepipeMachine
import EdgepipeONNX
import Synchronization

/// How far a model finds what the float model finds, on pictures that it was not calibrated on.
package final class AgreementMeter: Sendable {
  /// Detections score more than this.
  static let score: Float = 0.4
  /// Boxes of one class that overlap more than this are one object, as in pipelines.
  private static let suppression: Float = 0.45

  private let engine: any InferenceEngine
  private let prepare: @Sendable (InputShape) throws -> [ModelInput]
  /// The pictures at every shape that was asked for.
  private let prepared: Mutex<[InputShape: [ModelInput]]>
  /// The float model's detections in each picture.
  private let reference = Mutex<[[Detection]]?>(nil)

  /// - Parameters:
  ///   - pictures: bytes, as ``CompressionContext/pictures``.
  ///   - shape: theirs: that of the float model.
  ///   - prepare: the same pictures in the same order at the shape of another model.
  package init(
    _ pictures: [ModelInput], shape: InputShape, engine: any InferenceEngine,
    prepare: @escaping @Sendable (InputShape) throws -> [ModelInput]
  ) {
    prepared = Mutex([shape: pictures])
    (self.engine, self.prepare) = (engine, prepare)
  }

  /// The first model that is measured is the one that the others are compared with. Each sees the pictures at its own
  /// shape.
  ///
  /// - Parameter progress: called with pictures done and all pictures; throwing ends the work.
  package func measure(
    _ candidate: CompressionCandidate, progress: (Int, Int) throws -> Void
  ) throws -> Agreement? {
    let pictures = try pictures(at: candidate.manifest.usualShape)
    guard !pictures.isEmpty else { return nil }
    let found = try detections(candidate, pictures, progress)
    let known = reference.withLock { reference in
      if reference == nil { reference = found }
      return reference ?? []
    }
    var agreement = Agreement()
    for (float, candidate) in zip(known, found) { agreement.add(a: float, b: candidate) }
    return agreement
  }

  /// How many objects a model finds in pictures at its own shape.
  package func count(_ candidate: CompressionCandidate, in pictures: [ModelInput]) throws -> Int {
    try detections(candidate, pictures) { _, _ in }.reduce(0) { $0 + $1.count }
  }

  private func pictures(at shape: InputShape) throws -> [ModelInput] {
    let known = prepared.withLock { $0 }
    if let pictures = known[shape] { return pictures }
    let made = try prepare(shape)
    // Detections of one picture are compared with those of the same picture, or with nothing.
    func sizes(_ pictures: [ModelInput]) -> [[Int]] {
      pictures.map { [$0.geometry.sourceWidth, $0.geometry.sourceHeight] }
    }
    guard known.values.allSatisfy({ sizes($0) == sizes(made) }) else {
      throw PipelineError(
        "the calibration pictures have changed during the run", remedy: "run the command again without changing them",
        code: .mismatch)
    }
    prepared.withLock { $0[shape] = made }
    return made
  }

  private func detections(
    _ candidate: CompressionCandidate, _ pictures: [ModelInput], _ progress: (Int, Int) throws -> Void
  ) throws -> [[Detection]] {
    let session = try engine.makeSession(
      model: candidate.model.serialized(),
      options: SessionOptions(threads: MachineInfo.current.cores, modelName: candidate.manifest.name))
    let detector = try Detector(
      session: session, manifest: candidate.manifest,
      options: DetectorOptions(score: Self.score, iou: Self.suppression))
    let pool = BufferPool()
    return try pictures.enumerated().map { index, picture in
      try progress(index, pictures.count)
      let tensor = picture.tensor.prepared(for: candidate.manifest.input, pool: pool)
      return try detector.detect(ModelInput(tensor: tensor, geometry: picture.geometry))
    }
  }
}
