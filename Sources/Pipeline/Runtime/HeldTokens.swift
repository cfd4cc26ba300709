/// The tokens of the frames that a worker keeps back. Used by its thread.
struct HeldTokens {
  private var tokens: [ObjectIdentifier: Token] = [:]

  /// - Parameter token: of a frame.
  mutating func add(_ token: Token) { tokens[ObjectIdentifier(token.ticket.header)] = token }

  /// Nil where the frame is not kept back.
  mutating func remove(_ header: FrameHeader) -> Token? { tokens.removeValue(forKey: ObjectIdentifier(header)) }

  mutating func removeAll() -> [Token] {
    defer { tokens.removeAll() }
    return tokens.values.sorted { $0.ticket.header.sequence < $1.ticket.header.sequence }
  }
}
