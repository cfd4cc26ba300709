/// The links that lead out of a stage; none for a sink.
struct Outputs: Sendable {
  let ports: [(port: InputPort, link: Int)]

  /// Sends a token over every link, or ends it where there is none.
  func pass(on token: Token) {
    guard !ports.isEmpty else { return token.ticket.end() }
    token.ticket.split(ports.count - 1)
    for (port, link) in ports { port.push(token, link: link) }
  }

  /// Nothing more will come.
  func close() {
    for (port, _) in ports { port.closeLink() }
  }
}
