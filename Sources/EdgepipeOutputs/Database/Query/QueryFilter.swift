import EdgepipeCore
import GRDB

/// What a ready question is about.
package struct QueryFilter: Sendable {
  /// A zone or a line.
  package var zone: String?
  package var stream: String?
  package var label: String?
  package var kind: String?
  package var period = QueryPeriod()
  package var grouping: Field?

  /// What an answer can be narrowed to, and the counts of an hour split by.
  package enum Field: String, Sendable, CaseIterable {
    case stream
    case label
    case zone
    case kind
  }

  package init() {}

  /// Names that the database never saw are mistakes.
  func check(_ db: Database, _ path: String) throws {
    try check(zone, "zone or line", "SELECT DISTINCT place FROM hours WHERE place <> ''", db, path)
    try check(stream, "stream", "SELECT DISTINCT name FROM streams UNION SELECT DISTINCT stream FROM hours", db, path)
    try check(
      label, "label", "SELECT DISTINCT label FROM hours WHERE label <> '' UNION SELECT DISTINCT label FROM tracks", db,
      path)
    try check(kind, "kind", "SELECT DISTINCT kind FROM hours", db, path)
  }

  private func check(_ name: String?, _ what: String, _ sql: String, _ db: Database, _ path: String) throws {
    guard let name else { return }
    let known = try String.fetchAll(db, sql: sql).sorted()
    if known.contains(name) { return }
    let remedy =
      if let nearest = NearestName.suggestion(for: name, among: known) {
        "did you mean \(Quoted.text(nearest))?"
      } else if known.isEmpty {
        "it holds none"
      } else {
        "it has \(known.prefix(20).map(Quoted.text).joined(separator: ", "))\(known.count > 20 ? " and more" : "")"
      }
    throw PipelineError(
      "'\(path)' has no \(what) \(Quoted.text(name))", remedy: remedy, code: .invalidArgument)
  }
}
