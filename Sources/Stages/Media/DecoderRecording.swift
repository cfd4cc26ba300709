import EdgepipeCore
import Pipeline

/// Remembers everything that is asked of a stream's decoders, so that the same pictures can be decoded again. Used by
/// one thread.
///
/// Every call is kept, in order; how often pictures were asked for goes along with the next call, since a decoder may
/// refuse a packet while it holds pictures back.
final class DecoderRecording {
  enum Operation: UInt8 {
    case open = 1
    case send = 2
    case drain = 3
    case flush = 4
    /// The last picture is that of the next frame.
    case picture = 5
  }

  private let recorder: any MediaRecorder
  private let clock: any PipelineClock
  private var received = 0

  init(_ recorder: any MediaRecorder, clock: any PipelineClock) {
    self.recorder = recorder
    self.clock = clock
  }

  /// - Parameter threads: how many really decode.
  func opened(_ format: CodecFormat, _ options: DecoderOptions, threads: Int) {
    record(.open) { out in
      out.integer(threads)
      out.bool(options.isLive)
      out.text(options.skippedFrames.rawValue)
      out.text(options.skippedLoopFilter.rawValue)
      format.encode(into: &out)
      out.bool(options.isStill)
    }
  }

  func sent(_ packet: Packet?) {
    guard let packet else { return record(.drain) { _ in } }
    let instant = CaptureInstant(clock)
    record(.send) { out in
      out.integer(instant.monotonic.nanoseconds)
      out.integer(instant.wall.nanoseconds)
      packet.encode(into: &out)
    }
  }

  func flushed() { record(.flush) { _ in } }

  func askedForPicture() { received += 1 }

  func picture(_ orientation: Orientation?) {
    record(.picture) { out in out.optional(orientation) { $0.byte($1.rawValue) } }
  }

  private func record(_ operation: Operation, _ body: (inout TraceEncoder) -> Void) {
    var out = TraceEncoder(capacity: 64)
    out.byte(operation.rawValue)
    out.integer(received)
    received = 0
    body(&out)
    recorder.record(out.bytes)
  }
}
