import EdgepipeCore

/// Decodes single pictures in files: the first one where a file holds several.
enum StillPicture {
  /// - Throws: ``PipelineError`` `malformed` with `skipFrame`, and what is wrong with the file.
  static func decode(
    _ file: BytePath, _ guardian: ReadGuard, recording: DecoderRecording? = nil
  ) throws(PipelineError) -> (frame: DecodedFrame, orientation: Orientation?) {
    let path = file.text
    guard StillFile.isWhole(file) else { throw StillFault.error(file, StillFault.endsEarly) }
    _ = MediaLosses.take()
    let demuxer: Demuxer
    do throws(OpenError) {
      demuxer = try Demuxer(
        address: .file(file), options: ["protocol_whitelist": "file", "pattern_type": "none"], name: path,
        isRemote: false, guardian: guardian)
    } catch { throw StillFault.error(file, error.reason, losses: MediaLosses.take()) }
    // What the search for the format logged is told once more by the decoder, if it is true.
    var losses = MediaLosses.take()
    let decoder: VideoDecoder
    do throws(PipelineError) {
      decoder = try VideoDecoder(demuxer, DecoderOptions(isStill: true), name: path, recording: recording)
    } catch {
      guard error.code.isOfData else { throw error }
      throw StillFault.error(file, "no decoder for it in this FFmpeg", losses: losses)
    }
    let packet = try Packet()
    var reason: String?
    reading: while true {
      let read = demuxer.read(into: packet)
      switch read {
      case .audio, .again: continue
      case .packet: reason = decoder.send(packet) ?? reason
      case .end: reason = decoder.send(nil) ?? reason
      case .failed(let text): throw StillFault.error(file, text, losses: losses)
      case .stopped, .timedOut:
        throw PipelineError(
          "cannot decode '\(path)': reading was interrupted", consequence: .skipFrame, code: .malformed)
      }
      if reason == StillFault.endsEarly { break reading }
      switch decoder.receive() {
      case .frame(let frame):
        if frame.isDamaged { throw StillFault.error(file, "the picture is damaged") }
        return (frame, frame.orientation ?? demuxer.track.orientation)
      case .failed(let text): reason = text
      case .needsInput, .end: break
      }
      if case .end = read { break reading }
    }
    losses.refusedSize = MediaLosses.take().refusedSize ?? losses.refusedSize
    throw StillFault.error(file, reason ?? "it holds no picture", losses: losses)
  }
}
