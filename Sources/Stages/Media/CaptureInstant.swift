import EdgepipeCore

/// The instant at which a packet came out of the demuxer, on both clocks.
struct CaptureInstant: Sendable {
  var monotonic: MonotonicTime
  var wall: WallTime

  init(_ clock: any PipelineClock) {
    monotonic = clock.now()
    wall = clock.wallTime()
  }
}
