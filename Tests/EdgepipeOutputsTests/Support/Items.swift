@testable import EdgepipeOutputs

extension OutgoingItem {
  /// So many items of one stream: the n-th has the body `{"n":n}`.
  static func numbered(
    _ range: Range<Int>, stream: String = "door", kind: String = "zone.enter", address: String = "site/door/events"
  ) -> [OutgoingItem] {
    range.map { n in
      OutgoingItem(
        id: "run-1/\(stream)/zones/\(n)/0", stream: stream, kind: kind, address: address,
        body: Array(#"{"n":\#(n)}"#.utf8))
    }
  }
}

extension SendResult {
  var unreachable: String? { if case .unreachable(let text, _)? = obstacle { text } else { nil } }
  var retryAfterS: Double? { if case .unreachable(_, let seconds)? = obstacle { seconds } else { nil } }
  var refused: String? { if case .refused(let text)? = obstacle { text } else { nil } }
}
