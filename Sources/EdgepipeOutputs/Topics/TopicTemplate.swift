import EdgepipeCore

/// A topic with fields, such as `site/{stream}/{kind}`.
struct TopicTemplate: Sendable, Hashable {
  enum Field: String, Sendable, CaseIterable {
    case stream, kind, label, zone, stage, pipeline
  }

  private enum Part: Sendable, Hashable {
    case text(String)
    case field(Field)
  }

  private let parts: [Part]
  private let rules: TopicRules

  /// - Parameter option: what an error calls the text.
  /// - Throws: ``PipelineError`` `invalidConfiguration` for an unknown field, and for a text that is no topic.
  init(
    _ text: String, _ rules: TopicRules, option: String, fields: [Field] = Field.allCases
  ) throws(PipelineError) {
    var parts: [Part] = [], rest = Substring(text)
    func refusal(_ what: String, _ remedy: String?) -> PipelineError {
      PipelineError(
        "'\(option)' \(Quoted.text(text)) \(what)", remedy: remedy, code: .invalidConfiguration)
    }
    while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
        throw refusal("has a brace without its partner", "write fields as {stream}")
      }
      if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
      let name = String(rest[rest.index(after: open)..<close])
      guard let field = fields.first(where: { $0.rawValue == name }) else {
        let known = fields.map(\.rawValue)
        throw refusal(
          "has no field \(Quoted.text(name))",
          NearestName.suggestion(for: name, among: known).map { "did you mean '{\($0)}'?" }
            ?? "fields: \(known.map { "{\($0)}" }.joined(separator: ", "))")
      }
      parts.append(.field(field))
      rest = rest[rest.index(after: close)...]
    }
    if !rest.isEmpty { parts.append(.text(String(rest))) }
    for case .text(let text) in parts {
      if let wrong = text.unicodeScalars.first(where: { !rules.allowsInText($0) }) {
        throw refusal("holds \(Quoted.text(String(wrong))), which \(rules.name) cannot have", rules.remedy)
      }
    }
    guard !parts.isEmpty, text.utf8.count <= rules.longest else {
      throw refusal(parts.isEmpty ? "is empty" : "is longer than \(rules.longest) bytes", nil)
    }
    if case .text(let first) = parts[0], !rules.allowsAtStart(first) {
      throw refusal("begins with a sign that \(rules.name) cannot begin with", rules.remedy)
    }
    self.parts = parts
    self.rules = rules
  }

  /// The topic: whatever the facts hold, it is a valid one, with as many levels as the template has.
  func topic(_ facts: ItemFacts) -> String {
    var topic = ""
    for part in parts {
      switch part {
      case .text(let text): topic += text
      case .field(let field): topic += rules.safe(facts[field])
      }
    }
    return rules.whole(topic)
  }
}

extension ItemFacts {
  /// What has no value is `none`, so that the levels stay where they are.
  fileprivate subscript(field: TopicTemplate.Field) -> String {
    let value =
      switch field {
      case .stream: stream
      case .kind: kind
      case .label: label
      case .zone: zone
      case .stage: stage
      case .pipeline: pipeline
      }
    guard let value, !value.isEmpty else { return "none" }
    return value
  }
}

/// A result as it is, under a topic.
struct TopicShape: ItemShape {
  let template: TopicTemplate

  func address(_ facts: ItemFacts) -> String { template.topic(facts) }
}
