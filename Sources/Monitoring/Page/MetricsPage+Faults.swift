import Pipeline

extension MetricsPage {
  /// A series for each fault that somebody looks for or that was found, by fault, stage and stream; what is about none of
  /// those has an empty label.
  func writeFaults(_ text: inout PrometheusText) {
    func labels(_ key: FaultBoard.Key) -> [String] { [key.fault, key.stage ?? "", key.stream ?? ""] }
    let rows = snapshot.faults.sorted { labels($0.key).lexicographicallyPrecedes(labels($1.key)) }
    // The fault of a stream that has ended is nobody's any more.
    let ended = Set(MergedStream.all(snapshot).filter { $0.latest.state == .ended }.map(\.id))
    text.begin(.faults)
    for (key, count) in rows { text.add(count.total, key.fault, key.stage ?? "", key.stream ?? "") }
    text.begin(.faultActive)
    for (key, count) in rows {
      let isOver = key.stream.map(ended.contains) ?? false
      text.add(count.isActive && !isOver ? 1 : 0, key.fault, key.stage ?? "", key.stream ?? "")
    }
  }
}
