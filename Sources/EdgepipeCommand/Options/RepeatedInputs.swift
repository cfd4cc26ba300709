import EdgepipeCore
import Pipeline
import Stages

extension PipelineConfig {
  /// For commands that run a pipeline several times: what a pipe gives comes only once.
  ///
  /// - Throws: ``PipelineError`` `invalidArgument` that names the stage.
  func requireRepeatableInputs() throws {
    guard let input = mediaInputs.first(where: { FFmpegSource.readsPipe($0.url) }) else { return }
    throw PipelineError(
      "'\(input.stage)' reads the pipe '\(input.url)', which can be read only once, and this command runs the "
        + "pipeline several times",
      remedy: "write it to a file first", code: .invalidArgument)
  }

  /// What comes through standard input can be read by one reader only.
  ///
  /// - Parameter file: where the pipeline itself was read from.
  /// - Throws: ``PipelineError`` `invalidArgument` that names the stages.
  func requireOneReaderOfStandardInput(besides file: String) throws {
    let readers = mediaInputs.filter { FFmpegSource.readsStandardInput($0.url) }
    let isPipeline = StandardDescriptors.isInput(file)
    guard let first = readers.first, readers.count > 1 || isPipeline else { return }
    throw PipelineError(
      isPipeline
        ? "standard input supplies the pipeline file, and '\(first.stage)' reads its frames from there as well"
        : "\(readers.count) streams read from standard input "
          + "(\(readers.map { "'\($0.stage)'" }.joined(separator: ", ")))",
      remedy: isPipeline ? "give the path of a pipeline file" : "give all streams but one another input",
      code: .invalidArgument)
  }

  private var mediaInputs: [(stage: String, url: String)] {
    stages.flatMap { stage in stage.texts(.address).map { (stage.id, $0) } }
  }
}
