import EdgepipeCore
import Pipeline

/// Plays the videos that a pattern names one after another, as one stream: its frames and its media time go on, and
/// each video begins with a break of the time line, so that nothing is tracked from one into the next.
struct VideoListReader {
  let job: SourceJob
  let list: VideoList

  /// - Throws: ``PipelineError`` `malformed` with `endStream` when not one of them could be read.
  func run() throws(PipelineError) {
    let count = list.paths.count
    job.facts.note("videos", .int(count))
    job.note(list.passedOver, in: list.name, taken: count, count == 1 ? "video" : "videos")
    var last: StreamReader?
    var first: PipelineError?
    for path in list.paths {
      guard !job.output.isStopping else { return }
      let reader = StreamReader(job, FiniteInput(file: path), after: last)
      do throws(PipelineError) {
        guard case .file = try MediaInput.find(path) else { throw notAFile(path) }
        guard try reader.run() else { return }
        last = reader
      } catch {
        guard error.consequence == .endStream else { throw error }
        // What it gave stays, and the next one goes on behind it.
        if reader.hasEmitted { last = reader }
        if job.output.isStopping { return }
        job.output.count("unreadable_videos", 1)
        job.logger.warning("video skipped: \(error)")
        first = first ?? error
      }
    }
    guard last == nil, let first else { return }
    if count == 1 { throw first }
    throw PipelineError(
      "none of the \(count) videos of '\(list.name)' can be read; the first one: \(first.message)",
      remedy: first.remedy, consequence: .endStream, code: .malformed)
  }

  private func notAFile(_ path: BytePath) -> PipelineError {
    PipelineError(
      "'\(path.text)' is not a file", remedy: "give a pipe on its own", consequence: .endStream, code: .malformed)
  }
}
