import EdgepipeCore
package import Pipeline
package import Stages

/// The pipeline of a detection without a pipeline file: videos are tracked, pictures are not; both end in the same results
/// and the same count.
package struct DetectPlan: Sendable {
  package let inputs: DetectInputs
  package let model: DetectorModel
  /// Nil: the stage's default.
  package var score: Double?
  /// Nil: all.
  package var classes: [String]?
  /// Where results, annotated videos and pictures go; nil: nowhere.
  package var folder: String?
  package var workers = 1

  package init(_ inputs: DetectInputs, model: DetectorModel) {
    self.inputs = inputs
    self.model = model
  }

  /// - Throws: `ConfigErrors` for values out of range.
  package func plan() throws -> PipelinePlan {
    var stages: [PipelinePlan.StagePlan] = [], ends: [String] = []
    if !inputs.videos.isEmpty {
      stages += try detection("", inputs.videos)
      stages.append(try .init("tracks", SortStage.self, tracking, after: ["objects"]))
      ends.append("tracks")
      if let folder {
        stages.append(try .init("videos", VideoSink.self, .init(path: folder + "/{stream}.mp4"), after: ["tracks"]))
      }
    }
    if !inputs.pictures.isEmpty {
      let prefix = inputs.videos.isEmpty ? "" : "picture-"
      stages += try detection(prefix, inputs.pictures)
      ends.append(prefix + "objects")
      if let folder {
        var pictures = SnapshotSink.Configuration(folder: folder + "/pictures")
        // Every one of them.
        (pictures.everyS, pictures.maxFiles) = (0.01, 1_000_000)
        stages.append(try .init("pictures", SnapshotSink.self, pictures, after: [prefix + "objects"]))
      }
    }
    if let folder {
      stages.append(try .init("results", JSONLinesSink.self, .init(path: folder + "/results.jsonl"), after: ends))
    }
    stages.append(try .init("summary", TallySink.self, after: ends))
    return PipelinePlan(name: "detect", stages: stages)
  }

  private func detection(_ prefix: String, _ inputs: [DetectInputs.Input]) throws -> [PipelinePlan.StagePlan] {
    var source = FFmpegSource.Configuration()
    source.streams = inputs.map { StreamEntry(id: $0.id, url: $0.url) }
    var settings = DetectorSettings(model: model.reference)
    if let score { settings.score = score }
    let objects = prefix + "objects"
    return [
      try .init(prefix + "input", FFmpegSource.self, source),
      try .init(prefix + "scale", Letterbox.self, .init(for: [objects]), after: [prefix + "input"]),
      model.findsFaces
        ? try .init(objects, DetectFace.self, .init(settings), after: [prefix + "scale"], workers: workers)
        : try .init(
          objects, DetectYOLO.self, .init(settings, classes: classes), after: [prefix + "scale"], workers: workers),
    ]
  }

  private var tracking: SortStage.Configuration {
    var tracking = SortStage.Configuration()
    // Faces are tracked only where they are named.
    if model.findsFaces { tracking.labels = model.classes }
    return tracking
  }
}
