import EdgepipeCore
import Pipeline

/// Reads the pictures of a folder as one stream of one picture a second, each decoded for itself, of any size.
final class PictureFolderReader {
  private let job: SourceJob
  private let list: PictureList
  private var names: [BytePath] { list.names }
  private let emitter: FrameEmitter

  init(_ job: SourceJob, _ list: PictureList) {
    self.job = job
    self.list = list
    emitter = job.makeEmitter()
  }

  /// - Throws: ``PipelineError`` `malformed` with `endStream` when not one picture could be read.
  func run() throws(PipelineError) {
    let guardian = ReadGuard(output: job.output, clock: job.clock)
    var pacing = Pacing(job)
    job.facts.note("pictures", .int(names.count))
    job.note(list.passedOver, in: list.name, taken: names.count, names.count == 1 ? "picture" : "pictures")
    for (index, name) in names.enumerated() {
      let time = MediaTime(seconds: Double(index))
      guard !job.output.isStopping, pacing.wait(time) else { return }
      do throws(PipelineError) {
        let captured = CaptureInstant(job.clock)
        let (frame, orientation) = try decode(name, guardian)
        guard
          try emitter.emit(
            frame.picture, orientation: orientation, mediaTime: time, captured: captured, source: name.text)
        else { return }
      } catch {
        if job.output.isStopping { return }
        job.output.count("unreadable_pictures", 1)
        job.logger.warning("picture skipped: \(error)")
      }
      job.output.report(position: time, duration: emitter.end(of: MediaTime(seconds: Double(names.count))))
    }
    if emitter.count == 0 {
      throw PipelineError(
        "none of the \(names.count) pictures in '\(list.name)' can be read", remedy: "check them with ffprobe",
        consequence: .endStream, code: .malformed)
    }
  }

  private func decode(
    _ name: BytePath, _ guardian: ReadGuard
  ) throws(PipelineError) -> (frame: DecodedFrame, orientation: Orientation?) {
    let file = list.folder.appending(name), path = file.text
    // Refuses what is no regular file before it is opened.
    guard case .file = try MediaInput.find(file) else { throw unreadable(path, "not a file") }
    return try StillPicture.decode(file, guardian, recording: job.recording)
  }

  private func unreadable(_ path: String, _ reason: String) -> PipelineError {
    PipelineError("cannot decode '\(path)': \(reason)", consequence: .skipFrame, code: .malformed)
  }
}
