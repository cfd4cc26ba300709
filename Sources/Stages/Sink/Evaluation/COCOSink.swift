import EdgepipeCore
import Foundation
import Pipeline
import Synchronization

/// Writes detections as a JSON file of COCO, for pycocotools and other tools that evaluate detectors.
///
/// Input: frames with results; pixels are not needed. Output: one file for all streams. Without `truth` it is a dataset of
/// its own with `images`, `annotations` (with `score` and `track_id`) and `categories`: `COCO(file)` reads it. With
/// `truth`, a dataset of COCO's format, it is a results file with the ids of that dataset: `COCO(truth).loadRes(file)`.
/// Drops: nothing; frames that no detector looked at have no image, detections whose numbers are not finite are left out
/// and counted, and so is what `truth` does not know.
/// Trade-off: the file is there whole or not at all: it comes into its place when the run ends, and a run that is killed
/// leaves the old one. Its images and detections go to the disk as they come, so that memory does not grow.
///
/// ```json
/// { "id": "coco", "type": "sink.coco", "after": ["objects"], "config": { "path": "out/found.json" } }
/// ```
final class COCOSink: FrameStage {
  struct Configuration: StageConfiguration {
    var path = ""
    var truth: String?
    var selection = ResultSelection(what: [.frames])

    static let options: [ConfigurationOption<Self>] =
      [
        .init("path", \.path, .string, required: true, "The file to write; folders are created."),
        .init(
          "truth", \.truth, .string,
          "A COCO dataset whose image and category ids are used; without it the file is a dataset of its own."),
      ] + ResultSelection.declared([.frames], names: ["classes", "minScore", "everyS"]).map { $0.of(\.selection) }
  }

  static let type = "sink.coco"
  static let summary = "Writes detections as a COCO dataset or results file."
  static let role = StageRole.sink

  private let configuration: Configuration
  private let context: StageContext
  private let counts = Mutex(COCOCounts())

  init(_ configuration: Configuration, context: StageContext) throws {
    try OutputPath.checkFile(configuration.path)
    if let truth = configuration.truth, !FileManager.default.fileExists(atPath: truth) {
      throw PipelineError(
        "the dataset '\(truth)' does not exist", remedy: "give 'truth' the path of a dataset in COCO format",
        code: .notFound)
    }
    self.configuration = configuration
    self.context = context
  }

  var interface: StageInterface {
    var interface = StageInterface()
    interface.needsDetections = true
    interface.wishes = configuration.selection.wishes
    return interface
  }

  func files(for streams: [String]) -> [FileUse] {
    let written = FileUse.writes(configuration.path, as: "the detections of '\(context.id)'")
    return [written] + (configuration.truth.map { [.reads($0, as: "the dataset of '\(context.id)'")] } ?? [])
  }

  func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker {
    let truth = try configuration.truth.map(COCOTruth.init)
    let held = try OutputFile.existing(path: configuration.path)
    return Worker(stage: self, truth: truth, held: held, hasFailed: worker.hasFailed)
  }

  var facts: [String: ReportValue] {
    counts.withLock {
      var facts: [String: ReportValue] = [
        "path": .string(configuration.path), "images": .int($0.images), "annotations": .int($0.annotations),
        "detections_left_out": .int($0.detectionsLeftOut),
      ]
      if configuration.truth != nil {
        facts["unknown_images"] = .int($0.unknownImages)
        facts["unknown_labels"] = .int($0.unknownLabels)
      }
      return facts
    }
  }

  private final class Worker: FrameWorker {
    let stage: COCOSink
    let truth: COCOTruth?
    let hasFailed: @Sendable () -> Bool
    var held: OutputFile?
    var file: COCOFile?
    var selector: ResultSelector
    /// After a failed write nothing comes into the file's place.
    var hasBroken = false

    init(stage: COCOSink, truth: COCOTruth?, held: OutputFile?, hasFailed: @escaping @Sendable () -> Bool) {
      self.stage = stage
      self.truth = truth
      self.held = held
      self.hasFailed = hasFailed
      selector = ResultSelector(stage.configuration.selection)
    }

    func process(_ frame: Frame) throws -> FrameOutcome {
      guard !frame.results.isEmpty, selector.select(frame).isFrameTaken else { return .emit(frame) }
      do {
        let file = try opened()
        try file.add(frame, selector.detections)
        stage.counts.withLock { $0 = file.counts }
      } catch {
        hasBroken = true
        throw error
      }
      return .emit(frame)
    }

    /// A run that found nothing to read leaves what is there.
    func finish() throws {
      defer { file = nil }
      if hasBroken || file == nil && hasFailed() { return }
      try opened().finish()
    }

    private func opened() throws(PipelineError) -> COCOFile {
      if let file { return file }
      let opened = try COCOFile(path: stage.configuration.path, truth: truth, held: held)
      held = nil
      file = opened
      return opened
    }
  }
}

/// What a file of COCO holds, and what was left out of it.
struct COCOCounts {
  var images = 0
  var annotations = 0
  var detectionsLeftOut = 0
  var unknownImages = 0
  var unknownLabels = 0
}
