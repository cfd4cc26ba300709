/// One result on its way to a receiver.
package struct OutgoingItem: Sendable, Hashable {
  /// Unique and the same in every attempt, so that a receiver can remove duplicates: `run/stream/stage/frame/ordinal`.
  package let id: String
  package let stream: String
  /// `enter`, `cross` and other kinds of events, or `frame`, `track`, `health`.
  package let kind: String
  /// Where the receiver is to put it, made from the sink's template: a topic or a path; empty where there is none.
  package let address: String
  /// One JSON object, or what the sink's template made of it.
  package let body: [UInt8]

  package init(id: String, stream: String, kind: String, address: String = "", body: [UInt8]) {
    self.id = id
    self.stream = stream
    self.kind = kind
    self.address = address
    self.body = body
  }
}
