import EdgepipeCore
import Logging
import Pipeline
import Synchronization

/// What every reader of a source needs.
struct SourceJob {
  let configuration: FFmpegSource.Configuration
  let context: StageContext
  /// The stream as the configuration names it.
  let entry: StreamEntry
  let stream: StreamInfo
  let output: any SourceOutput
  let facts: SourceFacts
  /// Set while the run is recorded.
  let recording: DecoderRecording?
  /// Set while somebody records the stream's packets.
  let tap: PacketTap?

  /// Whether the configuration says whether the stream is live.
  var isLiveStated: Bool { (entry.live ?? configuration.live) != nil }

  var clock: any PipelineClock { context.clock }
  var logger: Logger { context.logger }

  /// The open input shows whether the stream is live, whatever its address looked like.
  func settle(isLive: Bool) {
    guard stream.isLive != isLive else { return }
    stream.settle(isLive: isLive)
    output.liveHasChanged()
  }

  func makeEmitter() -> FrameEmitter {
    FrameEmitter(
      stream: stream, context: context, isPaced: stream.isLive || configuration.realtime, output: output,
      maxFrames: configuration.maxFrames, recording: recording, facts: facts)
  }

  /// Opens a decoder, its threads counted with this stage.
  func openDecoder(_ demuxer: Demuxer, name: String) throws(PipelineError) -> VideoDecoder {
    let options = DecoderOptions(
      threads: configuration.threads, isLive: stream.isLive, skippedFrames: configuration.skip.frames,
      skippedLoopFilter: configuration.skip.loopFilter, isStill: demuxer.track.isStill)
    let opened = context.threads.adopt(stage: context.id) {
      Result { () throws(PipelineError) in try VideoDecoder(demuxer, options, name: name, recording: recording) }
    }
    return try opened.get()
  }

  /// Says what was left out of a folder or a pattern: in the report and in the log.
  func note(_ passedOver: PassedOver, in name: String, taken: Int, _ what: String) {
    guard !passedOver.isEmpty else { return }
    facts.add("passed_over", passedOver.counts)
    logger.warning("'\(name)': \(taken) \(what), \(passedOver.total) other files ignored: \(passedOver)")
  }

  /// Says what is read: in the report and in the log.
  func note(_ track: VideoTrack, _ decoder: VideoDecoder, source: String) {
    facts.note("codec", .string(track.codec))
    facts.note("decode_threads", .int(decoder.threadCount))
    let size = track.width > 0 ? ", \(track.width) x \(track.height)" : ""
    let choice =
      track.videoTrackCount > 1 ? ", the best of \(track.videoTrackCount) video tracks (stream \(track.index))" : ""
    let turn = track.orientation.map { ", rotated upright (\($0))" } ?? ""
    logger.info("reading '\(source)': \(track.codec)\(size)\(choice)\(turn)")
  }
}

/// What a source found out about its input, for the run report.
final class SourceFacts: Sendable {
  private let state = Mutex<[String: ReportValue]>([:])
  var values: [String: ReportValue] { state.withLock { $0 } }
  func note(_ key: String, _ value: ReportValue) { state.withLock { $0[key] = value } }

  /// Adds to the counts of `key`, which the streams of a source have in common.
  func add(_ key: String, _ counts: [String: Int]) {
    state.withLock { values in
      var sums: [String: ReportValue] = [:]
      if case .object(let before) = values[key] { sums = before }
      for (name, count) in counts {
        if case .int(let before) = sums[name] { sums[name] = .int(before + count) } else { sums[name] = .int(count) }
      }
      values[key] = .object(sums)
    }
  }
}
