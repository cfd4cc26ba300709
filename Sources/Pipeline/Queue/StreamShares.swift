/// How much each stream has lost at one place lately, so that losses can be spread evenly.
struct StreamShares: Sendable {
  typealias Key = ObjectIdentifier

  private struct Share {
    var arrived = 0.0
    var lost = 0.0
  }

  /// Counts are halved after so many arrivals: what is long past counts for little.
  private static let memory = 512.0
  /// More streams than any run has; then everybody starts afresh.
  private static let limit = 4096

  private var shares: [Key: Share] = [:]

  mutating func arrived(_ key: Key?) {
    guard let key else { return }
    if shares.count >= Self.limit { shares.removeAll(keepingCapacity: true) }
    shares[key, default: Share()].arrived += 1
    if let share = shares[key], share.arrived >= Self.memory {
      shares[key] = Share(arrived: share.arrived / 2, lost: share.lost / 2)
    }
  }

  mutating func lost(_ key: Key?) {
    if let key { shares[key, default: Share()].lost += 1 }
  }

  /// 0...1.
  func lossRate(_ key: Key?) -> Double {
    guard let key, let share = shares[key], share.arrived > 0 else { return 0 }
    return share.lost / share.arrived
  }
}
