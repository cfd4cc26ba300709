import EdgepipeCore
import Synchronization

/// A camera or a file: the name under which its frames appear in every output.
public final class StreamInfo: Sendable {
  /// The stream's id, unique in a run.
  public let id: String
  /// The id of the source stage that owns the stream.
  public let sourceStage: String
  /// Live streams drop what comes too fast; files wait. What an address leads to shows only when it is opened: until the
  /// source settles it, before the first frame, this is what the address looks like.
  public var isLive: Bool { live.load(ordering: .relaxed) }
  /// Milliseconds from capture to delivery that its frames have, where the stream has a budget of its own.
  public let deadlineMs: Double?
  private let live: Atomic<Bool>

  public init(id: String, sourceStage: String, isLive: Bool = false, deadlineMs: Double? = nil) {
    self.id = id
    self.sourceStage = sourceStage
    live = Atomic(isLive)
    self.deadlineMs = deadlineMs
  }

  /// For the stream's source, which tells its output then.
  package func settle(isLive: Bool) { live.store(isLive, ordering: .relaxed) }
}
