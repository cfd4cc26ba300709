import EdgepipeCore

/// An instant of a stream, on both of its clocks.
struct Moment: Sendable, Hashable {
  /// What is decided by.
  var time: MediaTime
  /// What is told.
  var wall: WallTime
}

/// Makes one fault with a beginning and an end of signs that come and go: a plain value, by media time alone.
///
/// Signs must last for `hold` to become a fault, and be absent for `clear` to end it. There is one fault at a time: while
/// signs change from one kind to another, what most of them say counts. A kind that has begun does not begin again within
/// ``repeatAfter``, so that nothing is told twice a minute.
struct FaultLatch<Fault: Hashable & Sendable>: Sendable {
  enum Sign: Sendable, Hashable {
    case well
    case unclear
    /// - `since`: where the sign itself says that it has lasted.
    case bad(Fault, since: Moment? = nil)
  }

  enum Change: Sendable, Hashable {
    case begins(Fault, since: Moment)
    /// `until`: the first of the signs that it is over.
    case ends(Fault, since: Moment, until: Moment)
  }

  private struct Streak: Sendable {
    var since: Moment
    var last: Moment
    var votes: [Fault: Int] = [:]

    /// What most signs say; of several the one that was seen last.
    func winner(_ current: Fault) -> Fault {
      let most = votes.values.max() ?? 0
      return votes[current] == most ? current : votes.first { $0.value == most }?.key ?? current
    }
  }

  static var repeatAfter: Int64 { 60_000_000_000 }

  /// In nanoseconds of media time.
  let hold: Int64
  let clear: Int64
  private(set) var active: (fault: Fault, since: Moment)?
  /// Signs of a fault that is not told yet; while one is active, of another one.
  private var streak: Streak?
  private var wellSince: Moment?
  private var begun: [Fault: MediaTime] = [:]

  init(hold: Int64, clear: Int64) { (self.hold, self.clear) = (hold, clear) }

  /// Whether there is a fault, or there are signs of one.
  var isSuspicious: Bool { active != nil || streak != nil }

  /// - Returns: the end of one fault and the beginning of another, where they are told.
  mutating func take(_ sign: Sign, at moment: Moment) -> [Change] {
    switch sign {
    case .well: return well(at: moment)
    case .unclear:
      wellSince = nil
      // A sign long ago and one now are not one fault.
      if let last = streak?.last, moment.nanoseconds(since: last) > hold { streak = nil }
      return []
    case .bad(let fault, let since): return bad(fault, since: since ?? moment, at: moment)
    }
  }

  private mutating func well(at moment: Moment) -> [Change] {
    streak = nil
    guard let active else { return [] }
    let since = wellSince ?? moment
    wellSince = since
    guard moment.nanoseconds(since: since) >= clear else { return [] }
    return [end(active, until: since)]
  }

  private mutating func bad(_ fault: Fault, since: Moment, at moment: Moment) -> [Change] {
    wellSince = nil
    if active?.fault == fault {
      streak = nil
      return []
    }
    var streak = streak ?? Streak(since: since, last: moment)
    streak.last = moment
    streak.votes[fault, default: 0] += 1
    self.streak = streak
    guard moment.nanoseconds(since: streak.since) >= hold else { return [] }
    let winner = streak.winner(fault)
    if let before = begun[winner], (0..<Self.repeatAfter).contains(moment.time.nanoseconds - before.nanoseconds) {
      return []
    }
    var changes: [Change] = []
    if let active { changes.append(end(active, until: streak.since)) }
    active = (winner, streak.since)
    begun[winner] = moment.time
    self.streak = nil
    changes.append(.begins(winner, since: streak.since))
    return changes
  }

  /// Ends what is active at once, for another reason than signs.
  mutating func end(at moment: Moment) -> Change? {
    streak = nil
    guard let active else { return nil }
    return end(active, until: moment)
  }

  private mutating func end(_ ending: (fault: Fault, since: Moment), until: Moment) -> Change {
    (active, wellSince) = (nil, nil)
    return .ends(ending.fault, since: ending.since, until: until)
  }

  /// The stream's time has jumped: what was counted in it says nothing. A fault goes on.
  mutating func restart() {
    (streak, wellSince) = (nil, nil)
    begun = [:]
  }
}

extension Moment {
  /// 0 where time has stepped back.
  func nanoseconds(since other: Moment) -> Int64 {
    let (difference, overflow) = time.nanoseconds.subtractingReportingOverflow(other.time.nanoseconds)
    return overflow ? 0 : max(0, difference)
  }
}
