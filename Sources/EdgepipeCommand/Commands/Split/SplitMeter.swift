import Detectors
import EdgepipeCompression
import EdgepipeCore
import EdgepipeONNX
import Foundation
import Measure
import Stages

/// `edgepipe models split --measure`: every sensible cut, with some numbers of bits, beside JPEG.
struct SplitMeter {
  /// FFmpeg's JPEG qualities that are measured.
  private static let qualities = [2, 3, 6, 12]
  private static let usualBits = [2, 3, 4, 5, 6, 8]

  private let graph: SplitGraph
  private let engine: ONNXRuntimeEngine
  private let options: FeatureOptions
  private let line: ProgressLine
  private let measurement: SplitMeasurement
  private let manifest: ModelManifest

  init(
    _ graph: SplitGraph, _ resolved: ResolvedModel, _ engine: ONNXRuntimeEngine, options: FeatureOptions,
    line: ProgressLine
  ) throws {
    (self.graph, self.engine, self.options, self.line) = (graph, engine, options, line)
    manifest = try ModelFile(resolved, shape: .auto).manifest
    let coco = options.coco ?? "", images = options.images ?? ""
    try FileClaims.check(
      resolved.files(as: "the model")
        + NewModelOptions.pictures([options.calibration].compactMap { $0 }, images, coco: coco))
    line.start("reading pictures")
    let dataset = try COCODataset(contentsOf: URL(fileURLWithPath: coco))
    let pictures = try SplitPictures(
      dataset, images: URL(fileURLWithPath: images), file: coco, calibration: options.calibration,
      count: options.pictures, manifest: manifest, logger: Log.logger(level: .warning))
    line.start("running the whole model")
    measurement = try SplitMeasurement(graph, manifest: manifest, engine: engine, pictures: pictures)
  }

  /// - Parameters:
  ///   - tensors: of the cuts; all sensible ones where there are none.
  func run(at tensors: [String], includesAll: Bool) throws -> SplitFiguresReport {
    let (height, width) = manifest.usualSides
    let inputs = try GraphFacts(graph.model, engine: engine).randomInputs(seed: 1, height: height, width: width)
    for name in tensors { try graph.checkCut(name) }
    let all = try CutCost.list(graph, engine: engine, inputs: inputs, includesAll: includesAll || !tensors.isEmpty)
    let cuts = tensors.isEmpty ? all : all.filter { tensors.contains($0.tensor) }
    guard cuts.count == tensors.count || tensors.isEmpty else {
      throw PipelineError(
        "not every tensor of --at has everything go through it, so that its features alone are not enough",
        remedy: "choose among those of '--list --all'", code: .invalidArgument)
    }
    let rivals = try Self.qualities.map { quality in
      line.start("JPEG of quality \(quality)")
      return try measurement.jpeg(quality: quality)
    }
    let bits = options.allBits ?? Self.usualBits
    var figures: [CutFigures] = []
    for (index, cut) in cuts.enumerated() {
      line.start("cut \(index + 1) of \(cuts.count)")
      var done = 0
      figures.append(
        try measurement.measure(cut, bits: bits, range: options.range) { _ in
          line.show(done, of: bits.count)
          done += 1
        })
    }
    return SplitFiguresReport(
      model: manifest.name, range: options.range, pictures: measurement.pictureCount,
      calibrated: measurement.calibrationCount, objects: measurement.objectCount, wholeMs: measurement.wholeMs,
      whole: measurement.wholeAccuracy(), cuts: figures, rivals: rivals)
  }
}
