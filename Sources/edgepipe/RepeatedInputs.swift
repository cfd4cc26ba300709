import Pipeline
import Stages

extension PipelineConfig {
  /// For commands that run a pipeline several times: what a pipe gives comes only once.
  ///
  /// - Throws: ``PipelineError`` `usage` that names the stage.
  func requireRepeatableInputs() throws(PipelineError) {
    for stage in stages where stage.type == FFmpegSource.type {
      let streams = stage.config["streams"]?.elements?.compactMap { $0["url"]?.string } ?? []
      let urls = [stage.config["url"]?.string].compactMap(\.self) + streams
      guard let pipe = urls.first(where: FFmpegSource.readsPipe) else { continue }
      throw PipelineError(
        "'\(stage.id)' reads the pipe '\(pipe)', whose frames come only once, and this command runs the pipeline several times",
        remedy: "write it to a file first", exit: .usage)
    }
  }
}
