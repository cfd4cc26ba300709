import EdgepipeCore

/// What a template of a topic or a path may name of a result.
package struct ItemFacts: Sendable, Hashable {
  package var id = ""
  package var pipeline = ""
  package var stream = ""
  /// `zone.enter` and other kinds of events, or `frame`, `track`, `health`.
  package var kind = ""
  package var stage = ""
  package var label: String?
  /// The zone or the line.
  package var zone: String?

  package init() {}
}

/// Gives a result the form that its receiver takes, once, when it is handed to the spool.
package protocol ItemShape: Sendable {
  func address(_ facts: ItemFacts) -> String
  /// - Parameter line: the result as one JSON object, without a newline.
  func body(_ line: [UInt8], _ facts: ItemFacts) -> [UInt8]
}

extension ItemShape {
  package func address(_ facts: ItemFacts) -> String { "" }
  package func body(_ line: [UInt8], _ facts: ItemFacts) -> [UInt8] { line }
}

/// The JSON object as it is, with no address.
package struct PlainShape: ItemShape {
  package init() {}
}
