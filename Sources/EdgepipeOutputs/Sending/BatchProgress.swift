/// What a receiver has said so far of the items of a batch that are sent without waiting for each other.
struct BatchProgress: Sendable {
  private var taken: [Bool]
  private var open = 0
  /// How many items, from the first one on, were taken.
  private(set) var accepted = 0
  /// The first item that was refused, and why.
  private(set) var refusal: (index: Int, reason: String)?
  /// Why no more can be sent now, although the receiver is there.
  private(set) var delay: String?

  init(count: Int) { taken = Array(repeating: false, count: count) }

  /// Items that are on their way.
  var outstanding: Int { open }

  mutating func noteSent() { open += 1 }

  mutating func noteTaken(_ index: Int) {
    guard taken.indices.contains(index), !taken[index] else { return }
    open -= 1
    taken[index] = true
    while accepted < taken.count, taken[accepted] { accepted += 1 }
  }

  mutating func noteRefused(_ index: Int, _ reason: String, wasSent: Bool = true) {
    if wasSent { open -= 1 }
    if index < refusal?.index ?? .max { refusal = (index, reason) }
  }

  mutating func noteDelayed(_ reason: String, wasSent: Bool = true) {
    if wasSent { open -= 1 }
    delay = delay ?? reason
  }

  /// - Parameter unreachable: why the batch was given up, where it was.
  func result(unreachable: String? = nil, retryAfterS: Double? = nil) -> SendResult {
    // What was refused is only said of the next item: what is before it may still be taken.
    if let refusal, refusal.index == accepted {
      return SendResult(accepted: accepted, obstacle: .refused(refusal.reason))
    }
    guard let reason = unreachable ?? delay ?? refusal?.reason else { return SendResult(accepted: accepted) }
    return SendResult(accepted: accepted, obstacle: .unreachable(reason, retryAfterS: retryAfterS))
  }
}
