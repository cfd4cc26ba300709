import Detectors
package import EdgepipeCompression
import EdgepipeCore
package import Foundation
package import Logging
package import Pipeline
import Stages

/// A model's average precision on annotated pictures: what `edgepipe models eval` measures.
package struct PrecisionMeter: Sendable {
  /// The pictures that are evaluated.
  let dataset: COCODataset
  private let images: URL
  private let file: String
  private let services: StageServices
  private let workers: Int
  private let logger: Logger

  /// - Parameters:
  ///   - dataset: with the pictures that are to be evaluated alone.
  ///   - images: their folder.
  ///   - file: what errors call the dataset.
  ///   - services: with the inference engine.
  package init(
    _ dataset: COCODataset, images: URL, file: String, services: StageServices, workers: Int, logger: Logger
  ) {
    (self.dataset, self.images, self.file) = (dataset, images, file)
    (self.services, self.workers, self.logger) = (services, workers, logger)
  }

  /// - Parameters:
  ///   - watch: makes the run, so that code that ends the program early can clean up after it, and is told of its end.
  ///   - progress: called after each picture with those done and all.
  /// - Returns: average precision at IoU 0.50:0.95 and at 0.50.
  /// - Throws: ``PipelineError`` for pictures, classes and models that do not suit.
  package func measure(
    _ candidate: CompressionCandidate, watch: (() throws -> DatasetRun) throws -> (run: DatasetRun, end: () -> Void),
    progress: @escaping @Sendable (Int, Int) -> Void
  ) throws -> (ap: Double, ap50: Double) {
    let resolver = try CandidateModel(candidate)
    let detector = try DetectorModel(CandidateModel.reference, resolver: resolver)
    let map = try COCOClassMap(classes: detector.classes, model: detector.name, dataset: dataset, file: file)
    var services = services
    services.provide(resolver, as: (any ModelResolver).self)
    let count = dataset.pictures.count
    let (run, end) = try watch {
      try DatasetRun(
        dataset, images: images, file: file, model: detector, classes: map,
        settings: .init(for: detector, workers: workers), services: services, logger: logger,
        progress: { progress($0, count) })
    }
    defer { end() }
    let result = try run.run()
    let overall = COCOMatches(dataset.keeping(categories: map.evaluated), result.predictions).evaluation().overall
    guard let ap = overall[.ap], let ap50 = overall[.ap50] else {
      throw PipelineError(
        "'\(file)' has no object of the model's classes in the \(count) pictures that are evaluated",
        remedy: "use other pictures", code: .malformed)
    }
    return (ap, ap50)
  }
}
