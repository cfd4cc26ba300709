package import Detectors
package import EdgepipeCore
package import Foundation
package import Logging
package import Pipeline
package import Stages
import Synchronization

/// Runs a model over the pictures of a dataset through the stages that a pipeline runs it with: source.ffmpeg,
/// preprocess.letterbox and a detecting stage, so that what is evaluated is what `edgepipe run` does.
package final class DatasetRun: Sendable {
  /// How the model is run.
  package struct Settings: Sendable {
    package var shape: InputShape
    /// Detections score more than this. COCO's precision is read over all scores, so that it should be small.
    package var score = 0.001
    package var iou = 0.65
    package var maxDetections = 300
    /// Sessions of one thread each.
    package var workers: Int

    /// With the model's own shape, or else its square.
    package init(for model: DetectorModel, workers: Int) {
      (shape, self.workers) = (model.usualShape, workers)
    }
  }

  package struct Result: Sendable {
    /// In the order of the dataset's pictures, best first.
    package var predictions: [COCOPrediction]
    /// What the detecting stage says in a run report: `engine`, `sha256`, `input_sizes`.
    package var facts: [String: ReportValue]
    package var seconds: Double
  }

  private let dataset: COCODataset
  private let classes: COCOClassMap
  private let links: PictureLinks
  private let found: FoundDetections
  private let runner: PipelineRunner

  /// Makes the pipeline; no picture is opened yet.
  ///
  /// - Parameters:
  ///   - images: the folder of the pictures.
  ///   - file: what errors call the dataset.
  ///   - services: the inference engine and the model store.
  ///   - progress: called after each picture with the number of those that are done.
  /// - Throws: ``PipelineError`` for pictures that are not there, and models that cannot be run so.
  package init(
    _ dataset: COCODataset, images: URL, file: String, model: DetectorModel, classes: COCOClassMap, settings: Settings,
    services: StageServices, logger: Logger, progress: @escaping @Sendable (Int) -> Void
  ) throws {
    self.dataset = dataset
    self.classes = classes
    links = try PictureLinks(dataset, images: images, file: file)
    found = FoundDetections(dataset.pictures, links: links, file: file, progress: progress)
    var services = services
    services.provide(found)
    do {
      runner = try PipelineRunner(Self.plan(model, folder: links.folder, settings), logger: logger, services: services)
    } catch let errors as StageBuildErrors {
      throw errors.errors.first?.withoutStage
        ?? PipelineError("the model '\(model.name)' cannot be run", code: .internalFault)
    }
  }

  /// Asks the run to end early.
  package func requestStop() { runner.requestStop() }

  /// Takes away what the run has on disk, for a process that ends before the run does.
  package func abandon() { links.remove() }

  /// Runs to the end; once.
  ///
  /// - Throws: ``PipelineError`` for pictures that cannot be read, and what the stages throw.
  package func run() throws -> Result {
    // What waits for signals may keep this object until the process ends.
    defer { links.remove() }
    let outcome: RunOutcome
    do { outcome = try runner.run() } catch let error as PipelineError { throw error.withoutStage }
    let pictures = try found.all(wasStopped: outcome.wasStopped)
    let snapshot = runner.snapshot(withFacts: true)
    return Result(
      predictions: zip(dataset.pictures, pictures).flatMap { picture, detections in
        detections.compactMap { prediction($0, picture: picture.id) }
      },
      facts: snapshot.stages.first { $0.id == Self.detector }?.facts ?? [:], seconds: snapshot.elapsedSeconds)
  }

  private func prediction(_ detection: Detection, picture: Int) -> COCOPrediction? {
    guard classes.categoryIDs.indices.contains(detection.classIndex),
      let category = classes.categoryIDs[detection.classIndex]
    else { return nil }
    let box = detection.box
    return COCOPrediction(
      pictureID: picture, categoryID: category,
      box: COCOBox(x: Double(box.x), y: Double(box.y), width: Double(box.width), height: Double(box.height)),
      score: Double(detection.score))
  }

  private static let detector = "detector"

  private static func plan(_ model: DetectorModel, folder: URL, _ settings: Settings) throws -> PipelinePlan {
    var detection = DetectorSettings(model: model.reference)
    (detection.shape, detection.score, detection.iou) = (settings.shape, settings.score, settings.iou)
    detection.maxDetections = settings.maxDetections
    return PipelinePlan(
      name: "eval",
      stages: [
        try .init("pictures", FFmpegSource.self, .init(url: folder.path)),
        try .init("scale", Letterbox.self, after: ["pictures"]),
        model.findsFaces
          ? try .init(detector, DetectFace.self, .init(detection), after: ["scale"], workers: settings.workers)
          : try .init(detector, DetectYOLO.self, .init(detection), after: ["scale"], workers: settings.workers),
        try .init("found", FoundSink.self, after: [detector]),
      ])
  }
}
