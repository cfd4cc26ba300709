import CFFmpeg
import EdgepipeCore
import Foundation
import Pipeline

/// One recording being written: an MP4 file, and the JSON file beside it that says what is in it. Used by one thread.
final class RecordingFile {
  enum Kind: String { case segment, clip }

  /// Why it ends.
  enum End: String {
    /// It is as long as it should be.
    case time
    /// It is as long as it may be.
    case longest
    case size
    /// The connection ended, the clock jumped, or the codec's parameters changed.
    case interruption = "break"
    /// Packets were lost because writing was too slow.
    case loss
    /// The stream or the run ended.
    case end
    case failedWrite = "write error"
  }

  /// The path without ending.
  let place: String
  let format: StreamFormat
  let first: StreamPacket
  private(set) var last: StreamPacket
  private(set) var videoPackets = 0
  private(set) var keyPackets = 0
  private(set) var audioPackets = 0
  private let kind: Kind
  let stream: StreamInfo
  private let writer: PacketMP4Writer
  private let transcoder: AACTranscoder?
  private let leftOut: String?
  /// What else the JSON file says.
  var facts: [String: ReportValue] = [:]

  /// - Parameter first: the key frame that it begins with; to be written like the others.
  init(_ kind: Kind, place: String, stream: StreamInfo, first: StreamPacket, withAudio: Bool) throws(PipelineError) {
    (self.kind, self.place, self.stream, self.first, last) = (kind, place, stream, first, first)
    format = first.format
    var audio = withAudio ? format.audio : nil
    var transcoder: AACTranscoder?, leftOut = withAudio ? format.audioLeftOut : nil
    if let source = audio, AACTranscoder.takes(source.codec) {
      do throws(PipelineError) {
        let made = try AACTranscoder(source)
        (transcoder, audio) = (made, made.track)
      } catch {
        (audio, leftOut) = (nil, source.codecName)
      }
    } else if let source = audio, source.extradata.isEmpty {
      // The parameters come with each packet, which a file writes once.
      let configuration =
        first.format.adts ?? ADTSHeader.configuration(sampleRate: source.sampleRate, channels: source.channels)
      audio = configuration.flatMap { try? TrackParameters(source, extradata: $0) }
      if audio == nil { leftOut = source.codecName }
    }
    (self.transcoder, self.leftOut) = (transcoder, leftOut)
    hasAudio = audio != nil
    writer = try PacketMP4Writer(path: "\(place).\(RecordingName.video)", video: format.video, audio: audio)
    try writeFacts(end: nil)
  }

  private let hasAudio: Bool

  /// Whole fragments, in bytes.
  var bytes: Int64 { writer.bytes }
  /// Whether there is a picture in the file.
  var hasPictures: Bool { writer.bytes > writer.headerBytes }
  /// How long it is so far, in nanoseconds of decoding time.
  var length: Int64 { last.decodingTime.nanoseconds &- first.decodingTime.nanoseconds }

  func write(_ packet: StreamPacket) throws(PipelineError) {
    guard packet.isVideo else { return try write(sound: packet) }
    try write(packet, .video, base: format.video.timeBase)
    videoPackets += 1
    if packet.isKey { keyPackets += 1 }
    last = packet
  }

  private func write(sound packet: StreamPacket) throws(PipelineError) {
    guard hasAudio, let base = format.audio?.timeBase else { return }
    guard let transcoder else {
      if try write(packet, .audio, base: base) { audioPackets += 1 }
      return
    }
    let rate = transcoder.track.timeBase
    let time = av_rescale_q(packet.shown, base, rate), begin = first.decodingTime.ticks(rate)
    var problem: PipelineError?
    unsafe packet.packet.withBytes { bytes in
      do throws(PipelineError) {
        try unsafe transcoder.take(bytes, time: time &- begin) { made throws(PipelineError) in
          let at = unsafe made.pointee.pts
          guard at >= 0 else { return }
          try unsafe writer.write(made, .audio, shown: at, decoded: at, duration: made.pointee.duration)
          audioPackets += 1
        }
      } catch { problem = error }
    }
    if let problem { throw problem }
  }

  /// - Returns: false for what belongs before the file's first picture.
  @discardableResult
  private func write(
    _ packet: StreamPacket, _ track: PacketMP4Writer.Track, base: AVRational
  ) throws(PipelineError) -> Bool {
    let begin = track == .video ? first.decoded : first.decodingTime.ticks(base)
    let decoded = packet.decoded &- begin
    guard decoded >= 0 else { return false }
    let skipping =
      track == .audio && format.audio?.extradata.isEmpty == true
      ? unsafe packet.packet.withBytes { unsafe ADTSHeader($0)?.length ?? 0 } : 0
    let problem: PipelineError? = unsafe packet.packet.withHandle { handle in
      do throws(PipelineError) {
        try unsafe writer.write(
          handle, track, shown: packet.shown &- begin, decoded: decoded, duration: packet.duration, skipping: skipping)
        return nil
      } catch { return error }
    }
    if let problem { throw problem }
    return true
  }

  /// Closes the file, and says in the other what is in it.
  func finish(_ end: End) throws(PipelineError) {
    try writer.finish()
    try writeFacts(end: end)
  }

  /// After a failed write: what was written stays as far as it plays.
  ///
  /// - Returns: false when nothing of it stays.
  @discardableResult
  func abandon() -> Bool {
    guard hasPictures else {
      RecordingFolder.remove(place)
      return false
    }
    writer.abandon()
    try? writeFacts(end: .failedWrite)
    return true
  }

  // MARK: - The JSON file

  /// Without folder and ending.
  var name: String { String(place.split(separator: "/").last ?? "") }

  private func writeFacts(end: End?) throws(PipelineError) {
    do {
      try WholeFile.write(to: "\(place).\(RecordingName.facts)") { try $0(ReportValue.object(report(end)).json()) }
    } catch let error as PipelineError { throw error } catch {
      throw PipelineError("cannot write '\(place).json': \(error)", code: .internalFault)
    }
  }

  /// The events of a clip that are told with it.
  private static let eventsTold = 20

  /// What those are told who follow the run.
  func summary(_ end: End) -> [String: ReportValue] {
    var summary = report(end).filter {
      ["duration_s", "codec", "width", "height", "plays_in_browsers", "bytes", "ended_by", "events"].contains($0.key)
    }
    if case .list(let events)? = summary["events"] { summary["events"] = .list(Array(events.prefix(Self.eventsTold))) }
    return summary
  }

  private func report(_ end: End?) -> [String: ReportValue] {
    let video = format.video, isHEVC = video.codec == AV_CODEC_ID_HEVC
    var report = facts
    report["type"] = .string(kind.rawValue)
    report["v"] = .int(1)
    report["stream"] = .string(stream.id)
    report["file"] = .string(name + "." + RecordingName.video)
    report["complete"] = .bool(end != nil && end != .failedWrite)
    report["begin"] = .string(first.captured.wall.iso8601)
    report["codec"] = .string(video.codecName)
    if video.codec == AV_CODEC_ID_H264 || isHEVC { report["tag"] = .string(isHEVC ? "hvc1" : "avc1") }
    report["width"] = .int(video.width)
    report["height"] = .int(video.height)
    report["plays_in_browsers"] = .string(
      video.codec == AV_CODEC_ID_H264 ? "yes" : isHEVC ? "some" : video.codec == AV_CODEC_ID_AV1 ? "most" : "no")
    if hasAudio {
      report["audio"] = .object([
        "codec": .string("aac"), "from": .string(format.audio?.codecName ?? "aac"),
      ])
    } else if let leftOut {
      report["audio_left_out"] = .string(leftOut)
    }
    guard let end else { return report }
    report["ended_by"] = .string(end.rawValue)
    report["end"] = .string(last.captured.wall.iso8601)
    report["duration_s"] = .rounded(Double(length) / 1e9)
    report["packets"] = .object([
      "video": .int(videoPackets), "key": .int(keyPackets), "audio": .int(audioPackets),
    ])
    report["bytes"] = .int(Int(bytes))
    return report
  }
}
