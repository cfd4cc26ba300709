import Logging
import Pipeline
import Synchronization

/// What every reader of a source needs.
struct SourceJob {
  let configuration: FFmpegSource.Configuration
  let context: StageContext
  let stream: StreamInfo
  let output: any SourceOutput
  let facts: SourceFacts

  var clock: any PipelineClock { context.clock }
  var logger: Logger { context.logger }

  func makeEmitter() -> FrameEmitter {
    FrameEmitter(
      stream: stream, deadlineMs: context.deadlineMs, output: output, maxFrames: configuration.maxFrames)
  }

  /// Opens a decoder, its threads counted with this stage.
  func openDecoder(_ demuxer: Demuxer, threads: Int, name: String) throws(PipelineError) -> VideoDecoder {
    let opened = context.threads.adopt(stage: context.id) {
      Result { () throws(PipelineError) in try VideoDecoder(demuxer, threads: threads, name: name) }
    }
    return try opened.get()
  }
}

/// What a source found out about its input, for the run report.
final class SourceFacts: Sendable {
  private let state = Mutex<[String: ReportValue]>([:])
  var values: [String: ReportValue] { state.withLock { $0 } }
  func note(_ key: String, _ value: ReportValue) { state.withLock { $0[key] = value } }
}
