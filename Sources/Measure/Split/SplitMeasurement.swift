package import Detectors
package import EdgepipeCompression
import EdgepipeCore
package import EdgepipeONNX
import Foundation

/// Measures what cuts of a detector cost and what they are good for: time here, bytes of a picture's features, and how
/// far detections stay the same, beside the same pictures as JPEG files.
///
/// Used by one thread. Everything runs with one thread and one session after the other, so that times are those of a
/// quiet core.
package final class SplitMeasurement {
  private let graph: SplitGraph
  private let manifest: ModelManifest
  private let engine: ONNXRuntimeEngine
  private let pictures: SplitPictures
  private let classes: COCOClassMap
  private let reader: OutputReader
  private let pool = BufferPool()
  private var reference: [SplitFindings] = []
  private(set) package var wholeMs = 0.0

  /// - Throws: a ``PipelineError`` when the model is no detector of the dataset's classes.
  package init(
    _ graph: SplitGraph, manifest: ModelManifest, engine: ONNXRuntimeEngine, pictures: SplitPictures
  ) throws {
    (self.graph, self.manifest, self.engine, self.pictures) = (graph, manifest, engine, pictures)
    classes = try COCOClassMap(
      classes: manifest.classes, model: manifest.name, dataset: pictures.dataset, file: pictures.file)
    let whole = try engine.makeSession(
      model: graph.model.serialized(), options: SessionOptions(modelName: manifest.name))
    reader = try OutputReader(manifest, like: whole)
    let session = try engine.makeGraphSession(
      model: graph.model.serialized(), options: SessionOptions(modelName: manifest.name))
    var times: [Double] = []
    reference = try pictures.inputs.map { input in
      let given = tensor(input)
      let start = ContinuousClock.now
      let outputs = try session.run([given])
      times.append((ContinuousClock.now - start) / .milliseconds(1))
      return try reader.read(Self.named(outputs), input)
    }
    wholeMs = Self.median(times)
  }

  /// Of the whole model on pictures that were not compressed.
  package func wholeAccuracy() -> SplitAccuracy { accuracy(reference) }

  package var pictureCount: Int { pictures.inputs.count }
  package var calibrationCount: Int { pictures.calibration.count }
  /// Objects that the whole model is sure of.
  package var objectCount: Int { reference.reduce(0) { $0 + $1.sure.count } }

  // MARK: - Cuts

  /// - Parameters:
  ///   - cut: a tensor that everything goes through.
  ///   - bits: each is measured.
  ///   - progress: called before each number of bits.
  package func measure(
    _ cut: CutCost, bits: [Int], range: FeatureRange, level: Int = 6, progress: (Int) throws -> Void
  ) throws -> CutFigures {
    let split = try GraphSplit(graph, at: [[cut.tensor]])
    let parts = try split.models(describe: GraphFacts(graph.model, engine: engine).describe)
    let runner = PartRunner(
      try parts.map { part in
        let data = try part.serialized()
        return { data }
      }, engine: engine, options: SessionOptions(modelName: manifest.name))
    let calibration = try SplitCalibration(split, parts, manifest: manifest, engine: engine).run(pictures.calibration)
    var times: [Double] = []
    _ = try runner.session(0)
    let heads = try pictures.inputs.map { input in
      let given = tensor(input)
      let start = ContinuousClock.now
      let made = try runner.run([given], parts: 0..<1)
      times.append((ContinuousClock.now - start) / .milliseconds(1))
      return split.cutTensors.compactMap { made[$0] }
    }
    let rows = try bits.map { bits in
      try progress(bits)
      let table = try calibration.table(bits: bits, range: range)
      return (bits, try figures(FeatureEncoder(table, level: level), FeatureDecoder(table), heads, runner))
    }
    return CutFigures(cut: cut, headMs: Self.median(times), wholeMs: wholeMs, bits: rows)
  }

  private func figures(
    _ encoder: FeatureEncoder, _ decoder: FeatureDecoder, _ heads: [[GraphTensor]], _ runner: PartRunner
  ) throws -> SplitFigures {
    var bytes = 0, times: [Double] = []
    let found = try zip(heads, pictures.inputs).map { head, input in
      let start = ContinuousClock.now
      let message = try encoder.encode(head)
      times.append((ContinuousClock.now - start) / .milliseconds(1))
      bytes += message.count
      return try reader.read(runner.run(decoder.decode(message), parts: 1..<runner.count), input)
    }
    return SplitFigures(
      bytes: Double(bytes) / Double(max(1, heads.count)), encodeMs: Self.median(times), accuracy: accuracy(found))
  }

  // MARK: - Pictures

  /// - Parameter quality: FFmpeg's, 2 (best) to 31.
  package func jpeg(quality: Int) throws -> JPEGFigures {
    let (inputs, bytes) = try pictures.asJPEG(quality: quality)
    let session = try engine.makeGraphSession(
      model: graph.model.serialized(), options: SessionOptions(modelName: manifest.name))
    let found = try inputs.map { try reader.read(Self.named(session.run([tensor($0)])), $0) }
    return JPEGFigures(
      quality: quality, figures: SplitFigures(bytes: bytes, encodeMs: nil, accuracy: accuracy(found)))
  }

  // MARK: - What they have in common

  private func tensor(_ input: ModelInput) -> GraphTensor {
    GraphTensor(graph.inputs.first ?? "", input.tensor.prepared(for: manifest.input, pool: pool))
  }

  private static func named(_ tensors: [GraphTensor]) -> [String: GraphTensor] {
    Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private func accuracy(_ found: [SplitFindings]) -> SplitAccuracy {
    var agreement = Agreement()
    for (whole, other) in zip(reference, found) { agreement.add(a: whole.sure, b: other.sure) }
    let predictions = zip(pictures.dataset.pictures, found).flatMap { picture, found in
      found.all.compactMap { detection -> COCOPrediction? in
        guard classes.categoryIDs.indices.contains(detection.classIndex),
          let category = classes.categoryIDs[detection.classIndex]
        else { return nil }
        let box = detection.box
        return COCOPrediction(
          pictureID: picture.id, categoryID: category,
          box: COCOBox(x: Double(box.x), y: Double(box.y), width: Double(box.width), height: Double(box.height)),
          score: Double(detection.score))
      }
    }
    let overall = COCOMatches(pictures.dataset.keeping(categories: classes.evaluated), predictions).evaluation().overall
    return SplitAccuracy(f1: agreement.f1, ap: overall[.ap], ap50: overall[.ap50])
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }
}
