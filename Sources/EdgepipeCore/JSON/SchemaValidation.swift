extension ObjectSchema {
  /// Checks an object against the schema and reports everything that does not fit.
  package func validate(_ node: JSONNode, path: String, issues: inout IssueCollector) {
    if case .invalid = node.value { return }
    guard let members = node.members else {
      return issues.add("expected an object, found \(node.typeName)", at: node.origin, path: path)
    }
    let names = Set(properties.map(\.name))
    let present = Set(members.lazy.map(\.key).filter { names.contains($0) })
    for member in members {
      if names.contains(member.key), let property = properties.first(where: { $0.name == member.key }) {
        property.kind.validate(member.value, path: JSONPath.join(path, key: member.key), issues: &issues)
      } else {
        reportUnknown(member, free: names.subtracting(present), path: path, issues: &issues)
      }
    }
    for property in properties where property.isRequired && !present.contains(property.name) {
      issues.add("missing key '\(property.name)'", at: node.origin, path: path)
    }
  }

  private func reportUnknown(
    _ member: JSONNode.Member, free: Set<String>, path: String, issues: inout IssueCollector
  ) {
    // Past the limit issues are only counted.
    // A key that is already there is less likely to be meant.
    let suggestion =
      issues.isFull
      ? nil
      : NearestName.suggestion(for: member.key, among: free.sorted())
        ?? NearestName.suggestion(for: member.key, among: properties.map(\.name))
    var note: String? {
      if suggestion != nil { return nil }
      let known = properties.map(\.name).sorted().joined(separator: ", ")
      return known.isEmpty ? "no keys are known here" : "known keys: " + known
    }
    issues.add(
      "unknown key", at: member.keyOrigin, path: JSONPath.join(path, key: member.key), suggestion: suggestion,
      note: note)
  }
}

extension ObjectSchema.ValueKind {
  package func validate(_ node: JSONNode, path: String, issues: inout IssueCollector) {
    if case .invalid = node.value { return }
    guard accepts(typeOf: node) else {
      return issues.add("expected \(words), found \(node.typeName)", at: node.origin, path: path)
    }
    switch self {
    case .bool, .string, .anyObject: break
    case .integer(let range):
      if let integer = node.integer, !range.contains(integer) {
        issues.add("expected \(words), found \(integer)", at: node.origin, path: path)
      }
    case .number(let range):
      if let number = node.number, !range.contains(number) {
        issues.add("expected \(words), found \(Number.text(number))", at: node.origin, path: path)
      }
    case .word(let words):
      if let word = node.string, !words.contains(word) {
        issues.add(
          "unknown value \(node.quoted)", at: node.origin, path: path,
          // A value from the environment is not described, not even by what it resembles.
          suggestion: node.original == nil ? NearestName.suggestion(for: word, among: words) : nil,
          note: "known values: " + words.joined(separator: ", "))
      }
    case .list(let kind, let count):
      let elements = node.elements ?? []
      guard count.contains(elements.count) else {
        return issues.add("expected \(words), found \(elements.count) entries", at: node.origin, path: path)
      }
      for (index, element) in elements.enumerated() {
        kind.validate(element, path: "\(path)[\(index)]", issues: &issues)
      }
    case .object(let schema): schema.validate(node, path: path, issues: &issues)
    case .any(let kinds):
      let fitting = kinds.filter { $0.accepts(typeOf: node) }
      var closest: IssueCollector?
      for kind in fitting {
        var attempt = issues
        kind.validate(node, path: path, issues: &attempt)
        let (now, best) = (attempt.count, closest?.count ?? .max)
        if now == issues.count { return }
        if now < best { closest = attempt }
      }
      // Where several types fit by shape, the one with the fewest complaints is what was meant.
      if let closest { issues = closest }
    }
  }

  /// Whether the JSON type fits; ranges, words and entries are another question.
  private func accepts(typeOf node: JSONNode) -> Bool {
    switch (self, node.value) {
    case (.bool, .bool), (.number, .integer), (.number, .number), (.string, .string), (.word, .string): true
    case (.integer, .integer): true
    case (.integer, .number): node.integer != nil
    case (.list, .array), (.object, .object), (.anyObject, .object): true
    case (.any(let kinds), _): kinds.contains { $0.accepts(typeOf: node) }
    default: false
    }
  }

  /// What is expected, in words.
  var words: String {
    switch self {
    case .bool: "true or false"
    case .integer(let range): "an integer" + Number.words(range, whole: .min ... .max)
    case .number(let range): "a number" + Number.words(range, whole: -.infinity ... .infinity)
    case .string: "a string"
    case .word(let words): words.count == 1 ? "'\(words[0])'" : "one of " + words.joined(separator: ", ")
    case .list(let kind, let count): "a list of \(Number.words(count)) entries, each \(kind.words)"
    case .object, .anyObject: "an object"
    case .any(let kinds): kinds.map(\.words).joined(separator: " or ")
    }
  }
}

/// Numbers and ranges in messages.
private enum Number {
  static func text(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? "\(number)"
  }

  static func words(_ range: ClosedRange<Int>, whole: ClosedRange<Int>) -> String {
    if range.upperBound == whole.upperBound {
      return range.lowerBound == whole.lowerBound ? "" : " of at least \(range.lowerBound)"
    }
    return range.lowerBound == whole.lowerBound
      ? " of at most \(range.upperBound)" : " in \(range.lowerBound)...\(range.upperBound)"
  }

  static func words(_ range: ClosedRange<Double>, whole: ClosedRange<Double>) -> String {
    let isOpen = !(range.upperBound < Double.greatestFiniteMagnitude)
    let isOpenBelow = !(range.lowerBound > -Double.greatestFiniteMagnitude)
    if isOpen { return isOpenBelow ? "" : " of at least \(text(range.lowerBound))" }
    return isOpenBelow
      ? " of at most \(text(range.upperBound))" : " in \(text(range.lowerBound))...\(text(range.upperBound))"
  }

  static func words(_ count: ClosedRange<Int>) -> String {
    if count.lowerBound == count.upperBound { return "\(count.lowerBound)" }
    return count.upperBound == .max ? "\(count.lowerBound) or more" : "\(count.lowerBound) to \(count.upperBound)"
  }
}
