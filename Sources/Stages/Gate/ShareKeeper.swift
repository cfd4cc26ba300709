/// Chooses the most doubtful frames of one stream so that never more than a share of them is sent.
///
/// Two rules together. Each frame brings the share of a credit, and one that is sent costs a whole credit: at every instant
/// at most the share of all frames so far has been sent. And a frame is sent only if its doubt is among the highest of the
/// last frames, so that credits are there for those that need them. Credits that pile up lower the bar a little.
///
/// It knows nothing but the doubts in their order, so that the same frames have the same answers.
struct ShareKeeper {
  enum Answer: Equatable {
    case sent
    /// Not doubtful enough.
    case sure
    /// Among the most doubtful, but the share is spent.
    case refused
  }

  private var recent: [Double] = []
  private var next = 0
  private(set) var credit = 0.0
  /// What the last frame's doubt was compared with.
  private(set) var threshold = 0.0

  /// - Parameters:
  ///   - share: of the frames, at most, in 0...1.
  ///   - least: frames with less doubt are never sent, and none without any.
  ///   - window: of frames that the doubt is compared with.
  mutating func ask(_ doubt: Double, share: Double, least: Double, window: Int) -> Answer {
    remember(doubt, window)
    let size = Double(max(1, window))
    credit = min(credit + share, max(1, share * size))
    threshold = bar(share: share + credit / size, least: least)
    guard doubt > 0, doubt >= threshold else { return .sure }
    // Shares are sums of fractions: what is missing by rounding is not missing.
    guard credit >= 1 - 1e-9 else { return .refused }
    credit -= 1
    return .sent
  }

  private mutating func remember(_ doubt: Double, _ window: Int) {
    let window = max(1, window)
    // A window that has become smaller forgets the oldest ones.
    if recent.count > window || (recent.count < window && next != 0) {
      recent = Array((recent[next...] + recent[..<next]).suffix(window))
      next = 0
    }
    if recent.count < window {
      recent.append(doubt)
    } else {
      recent[next] = doubt
      next = (next + 1) % window
    }
  }

  /// The smallest of the recent doubts that belongs to the highest share of them.
  private func bar(share: Double, least: Double) -> Double {
    let count = min(recent.count, Int((share * Double(recent.count)).rounded(.up)))
    guard count > 0 else { return .infinity }
    return max(least, highest(count).last ?? .infinity)
  }

  /// So many of the recent doubts, the highest first.
  func highest(_ count: Int) -> ArraySlice<Double> { recent.sorted(by: >).prefix(count) }
}
