/// The rules of a join: branches of one frame wait for each other, by the frame's ticket.
///
/// A branch that was lost arrives as a tombstone, so nobody waits for it; the joined frame is then a tombstone too.
struct JoinState: Sendable {
  private struct Partial {
    var token: Token
    var arrived: Int
    /// Frames by arrival order, merged at the end so that results keep the order of the branches.
    var branches: [(link: Int, frame: Frame)]
  }

  enum Arrival {
    /// Others are still missing.
    case waiting
    /// All branches are here; `carriers` are the links that brought a frame, not a tombstone.
    case complete(Token, arrived: Int, carriers: [Int])
  }

  /// By the identity of the ticket, which the partial keeps alive: names and numbers may come twice.
  private var partials: [ObjectIdentifier: Partial] = [:]

  var count: Int { partials.count }

  /// Takes one branch's token; `expected` branches make a frame.
  mutating func arrive(_ token: Token, link: Int, expected: Int) -> Arrival {
    let key = ObjectIdentifier(token.ticket)
    var partial = partials.removeValue(forKey: key) ?? Partial(token: token, arrived: 0, branches: [])
    partial.arrived += 1
    if let frame = token.frame { partial.branches.append((link, frame)) }
    guard partial.arrived >= expected else {
      partials[key] = partial
      return .waiting
    }
    return .complete(Self.merged(partial), arrived: partial.arrived, carriers: partial.branches.map(\.link))
  }

  private static func merged(_ partial: Partial) -> Token {
    guard partial.branches.count == partial.arrived else { return partial.token.tombstone }
    let ordered = partial.branches.sorted { $0.link < $1.link }
    guard var frame = ordered.first?.frame else { return partial.token.tombstone }
    for branch in ordered.dropFirst() { frame.merge(branch.frame) }
    return Token(ticket: partial.token.ticket, frame: frame)
  }
}
