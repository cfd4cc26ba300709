/// A frame in a trace: the stream's number in the trace, and its sequence number there.
struct FrameKey: Hashable, Sendable {
  let stream: Int
  let sequence: Int
}
