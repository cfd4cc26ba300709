import Pipeline
import Stages

/// The pipeline that models are compared in where none is named: source, letterbox, detector, end.
package enum ModelPipeline {
  /// The stage that runs the model.
  package static let detector = "detect"

  /// The text of a pipeline file. The address of its source is given with `--source`.
  ///
  /// - Parameters:
  ///   - findsFaces: whether it is a face model.
  package static func text(findsFaces: Bool, model: String) throws -> String {
    let settings = DetectorSettings(model: model)
    return try PipelinePlan(
      name: "ab",
      stages: [
        .init("source", FFmpegSource.self, .init(url: "none")),
        .init("scale", Letterbox.self, after: ["source"]),
        findsFaces
          ? .init(detector, DetectFace.self, .init(settings), after: ["scale"])
          : .init(detector, DetectYOLO.self, .init(settings), after: ["scale"]),
        .init("end", NullSink.self, after: [detector]),
      ]
    ).json
  }
}
