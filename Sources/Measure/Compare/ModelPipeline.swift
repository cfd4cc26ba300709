import EdgepipeCore
import Stages

/// The pipeline that models are compared in where none is named: source, letterbox, detector, end.
package enum ModelPipeline {
  /// The stage that runs the model.
  package static let detector = "detect"

  /// The text of a pipeline file. The address of its source is given with `--source`.
  ///
  /// - Parameter type: of the detecting stage.
  package static func text(detector type: String, model: String) throws -> String {
    func stage(
      _ id: String, _ type: String, after: String? = nil, _ config: [String: ReportValue] = [:]
    ) -> ReportValue {
      var object: [String: ReportValue] = ["id": .string(id), "type": .string(type), "config": .object(config)]
      if let after { object["after"] = .list([.string(after)]) }
      return .object(object)
    }
    return try ReportValue.object([
      "version": .int(1), "name": .string("ab"),
      "stages": .list([
        stage("source", FFmpegSource.type, ["url": .string("none")]),
        stage("scale", Letterbox.type, after: "source"),
        stage(detector, type, after: "scale", ["model": .string(model)]),
        stage("end", NullSink.type, after: detector),
      ]),
    ]).json()
  }
}
