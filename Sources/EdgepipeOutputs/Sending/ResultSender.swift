/// What became of a batch: its first items were taken, and perhaps something stood in the way of the next one.
package struct SendResult: Sendable, Hashable {
  package enum Obstacle: Sendable, Hashable {
    /// The receiver cannot be reached or cannot take anything now: the rest is sent again later, as often as it takes.
    case unreachable(String, retryAfterS: Double? = nil)
    /// The receiver says no to this one item. After some attempts it is put aside, so that it blocks nobody.
    case refused(String)
  }

  /// How many items, from the first one on, the receiver has acknowledged.
  package let accepted: Int
  /// Nil where all were taken.
  package let obstacle: Obstacle?

  package init(accepted: Int, obstacle: Obstacle? = nil) {
    self.accepted = accepted
    self.obstacle = obstacle
  }
}

/// What a sender knows of its receiver while there is nothing to send.
package enum Reach: Sendable, Hashable {
  /// Nothing: it has no connection that stays.
  case unknown
  case reached
  case lost(String)
}

/// The way to one receiver. Made, used and let go by one thread, which does nothing else.
package protocol ResultSender: AnyObject {
  /// Connects where that is needed, sends the items in their order, and returns when the receiver has acknowledged all of
  /// them, has refused one, or could not be reached; in any case soon after `isStopping` has become true.
  func send(_ items: [OutgoingItem], isStopping: @Sendable () -> Bool) -> SendResult

  /// While there is nothing to send, ``idle()`` is called every so many milliseconds; nil: it need not be.
  var idleMs: Double? { get }

  /// Keeps the connection alive.
  func idle()

  /// After ``idle()``.
  var reach: Reach { get }

  /// Says goodbye where the protocol has a word for it.
  func close()
}

extension ResultSender {
  package var idleMs: Double? { nil }
  package func idle() {}
  package var reach: Reach { .unknown }
  package func close() {}
}
