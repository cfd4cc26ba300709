import EdgepipeCore

/// What the schema cannot say of a cost file.
struct CostFileCheck {
  private(set) var issues: [ConfigIssue] = []

  /// - Parameter reports: those of the command line, by option.
  init(file: CheckedFile, reports: [String: String]) {
    if let currency = file.root["currency"], !Self.isLabel(currency.string, limit: 8) {
      issues.append(file.issue("expected 1 to 8 visible characters", at: currency, path: "currency"))
    }
    var names: Set<String> = []
    var first: (usesScore: Bool, index: Int)?
    for (index, node) in (file.root["options"]?.elements ?? []).enumerated() {
      let path = "options[\(index)]"
      func add(_ message: String, at key: String? = nil, _ place: JSONNode? = nil) {
        issues.append(file.issue(message, at: place ?? node, path: key.map { "\(path).\($0)" } ?? path))
      }
      let name = node["name"]?.string ?? ""
      if !Self.isLabel(name, limit: 60) || name.contains("=") {
        add("expected 1 to 60 visible characters without '='", at: "name", node["name"])
      } else if !names.insert(name).inserted {
        add("there is another option '\(name)'", at: "name", node["name"])
      }
      let hasReport = node["report"] != nil || reports[name] != nil
      if let energy = node["energy"], energy["meanPowerW"] == nil, !hasReport {
        add("missing key 'meanPowerW', or a report that contains it", at: "energy", energy)
      }
      let score = node["score"]
      if let score, node["fps"] != nil { add("'fps' is given as well; give only one of them", at: "score", score) }
      if score == nil, node["fps"] == nil, !hasReport {
        add("missing key 'fps' or 'score', or a report that contains the fps")
      }
      let usesScore = score != nil
      if let first, first.usesScore != usesScore {
        let other = "options[\(first.index)] by '\(first.usesScore ? "score" : "fps")'"
        add(
          "compared by '\(usesScore ? "score" : "fps")', but \(other): all options must be compared by the same key",
          at: nil, score)
      }
      if first == nil { first = (usesScore, index) }
    }
  }

  /// Whether a text can stand in a table.
  private static func isLabel(_ text: String?, limit: Int) -> Bool {
    guard let text, (1...limit).contains(text.unicodeScalars.count) else { return false }
    return text.first != " " && text.last != " "
      && text.unicodeScalars.allSatisfy { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate: false
        default: true
        }
      }
  }
}
