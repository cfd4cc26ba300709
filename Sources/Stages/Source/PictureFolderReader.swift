import Pipeline

/// Reads the pictures of a folder as one stream of one picture a second, each decoded for itself, of any size.
final class PictureFolderReader {
  private let job: SourceJob
  private let folder: String
  private let names: [String]
  private let emitter: FrameEmitter

  /// - Parameter names: the pictures, in order.
  init(_ job: SourceJob, folder: String, names: [String]) {
    self.job = job
    self.folder = folder
    self.names = names
    emitter = job.makeEmitter()
  }

  /// - Throws: ``PipelineError`` `dataError` with `endStream` when not one picture could be read.
  func run() throws(PipelineError) {
    let guardian = ReadGuard(output: job.output, clock: job.clock)
    var pacing = Pacing(job)
    job.facts.note("pictures", .int(names.count))
    for (index, name) in names.enumerated() {
      let time = MediaTime(seconds: Double(index))
      guard !job.output.isStopping, pacing.wait(time) else { return }
      do throws(PipelineError) {
        let captured = CaptureInstant(job.clock)
        let (frame, orientation) = try decode(name, guardian)
        guard
          try emitter.emit(
            frame.picture, orientation: orientation, mediaTime: time, captured: captured, source: name)
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
        "not one of the \(names.count) pictures in '\(folder)' can be read", remedy: "check them with ffprobe",
        consequence: .endStream, exit: .dataError)
    }
  }

  private func decode(
    _ name: String, _ guardian: ReadGuard
  ) throws(PipelineError) -> (frame: DecodedFrame, orientation: Orientation?) {
    let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
    // Refuses what is no regular file before it is opened.
    guard case .file = try MediaInput.find(path) else { throw unreadable(path, "not a file") }
    let demuxer: Demuxer
    do throws(OpenError) {
      demuxer = try Demuxer(
        url: "file:" + path, options: ["protocol_whitelist": "file", "pattern_type": "none"], name: path,
        isRemote: false, guardian: guardian)
    } catch { throw error.error }
    let decoder = try VideoDecoder(demuxer, name: path, tape: job.tape)
    let packet = try Packet()
    var reason: String?
    reading: while true {
      let read = demuxer.read(into: packet)
      switch read {
      case .again: continue
      case .packet: reason = decoder.send(packet) ?? reason
      case .end: reason = decoder.send(nil) ?? reason
      case .failed(let text): throw unreadable(path, text)
      case .stopped, .timedOut: throw unreadable(path, "reading was interrupted")
      }
      switch decoder.receive() {
      case .frame(let frame):
        if frame.isDamaged { throw unreadable(path, "the picture is damaged") }
        return (frame, frame.orientation ?? demuxer.track.orientation)
      case .failed(let text): reason = text
      case .needsInput, .end: break
      }
      if case .end = read { break reading }
    }
    throw unreadable(path, reason ?? "it holds no picture")
  }

  private func unreadable(_ path: String, _ reason: String) -> PipelineError {
    PipelineError(
      "cannot decode '\(path)': \(reason)", remedy: PictureLimits.text, consequence: .skipFrame, exit: .dataError)
  }
}
