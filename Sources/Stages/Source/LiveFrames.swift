import EdgepipeCore
import Pipeline

/// The frames of one live stream over all its connections: one sequence, one rising time line. Used by one thread.
final class LiveFrames {
  private let job: SourceJob
  private let emitter: FrameEmitter
  private let source: String
  private let stream: LiveStream
  private var timeline = LiveTimeline()
  /// When the last frame was put out, or the connection was begun.
  private(set) var latest: MonotonicTime
  private var saysArrival = false

  init(_ job: SourceJob, source: String, stream: LiveStream) {
    self.job = job
    self.source = source
    self.stream = stream
    emitter = job.makeEmitter()
    latest = job.clock.now()
  }

  /// A connection is being made: its frames have `stallS` from now.
  func begin() { latest = job.clock.now() }

  func connected(_ demuxer: Demuxer) {
    timeline.connected(
      frameRate: demuxer.inventsTimes ? nil : demuxer.track.frameRate, hasStamps: !demuxer.inventsTimes,
      continues: demuxer.isPictures)
  }

  /// The connection stays, although no picture has come for long.
  func missing(_ reason: String) { stream.framesMissing(reason) }

  /// - Parameter arrival: when the packet came that made the decoder give the frame out.
  /// - Returns: false when the run is ending or has all the frames it wants.
  func put(
    _ frame: DecodedFrame, captured: CaptureInstant, arrival: MonotonicTime, orientation: Orientation?
  ) throws(PipelineError) -> Bool {
    let time = timeline.next(frame.time, arrival: arrival)
    noteTimes()
    latest = job.clock.now()
    stream.frameDelivered()
    job.output.report(position: time, duration: emitter.end(of: nil))
    return try emitter.emit(
      frame.picture, orientation: frame.orientation ?? orientation, mediaTime: time, captured: captured, source: source,
      discontinuity: timeline.discontinuity)
  }

  /// Says in the report, once, that not all times are those of the camera.
  private func noteTimes() {
    guard timeline.isByArrival, !saysArrival else { return }
    saysArrival = true
    job.facts.note("times", .string("by arrival"))
    job.logger.info(
      "'\(source)' has no timestamps, or a clock that does not advance: its frames are stamped on arrival")
  }
}
