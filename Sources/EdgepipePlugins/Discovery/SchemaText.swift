import EdgepipeCore

extension ObjectSchema {
  /// The keys that a plugin's JSON Schema describes: objects of the usual types, with limits, defaults and words.
  ///
  /// - Throws: a ``PipelineError`` for what is no such schema; keywords that are not known here are ignored.
  init(jsonSchema node: JSONNode) throws(PipelineError) {
    guard node.members != nil, ["object", nil].contains(node["type"]?.string) else {
      throw Self.refusal("the schema of a configuration has the type 'object'")
    }
    let required = Set(node["required"]?.elements?.compactMap(\.string) ?? [])
    self.init(
      try (node["properties"]?.members ?? []).map { member throws(PipelineError) in
        ObjectSchema.Property(
          member.key, try ValueKind(jsonSchema: member.value, of: member.key),
          required: required.contains(member.key), default: member.value["default"]?.text(),
          changeable: member.value["x-changeable"]?.bool ?? false, member.value["description"]?.string ?? "")
      })
  }

  fileprivate static func refusal(_ text: String) -> PipelineError { PipelineError(text, code: .malformed) }
}

extension ObjectSchema.ValueKind {
  fileprivate init(jsonSchema node: JSONNode, of name: String) throws(PipelineError) {
    if let choices = node["anyOf"]?.elements {
      self = .any(try choices.map { choice throws(PipelineError) in try Self(jsonSchema: choice, of: name) })
      return
    }
    if let words = node["enum"]?.elements?.compactMap(\.string), !words.isEmpty {
      self = .word(words)
      return
    }
    switch node["type"]?.string {
    case "boolean": self = .bool
    case "string": self = .string
    case "integer":
      let low = node["minimum"]?.integer ?? .min, high = node["maximum"]?.integer ?? .max
      guard low <= high else { throw Self.emptyRange(name) }
      self = .integer(low...high)
    case "number":
      let limit = Double.greatestFiniteMagnitude
      let low = node["minimum"]?.number ?? -limit, high = node["maximum"]?.number ?? limit
      guard low <= high else { throw Self.emptyRange(name) }
      self = .number(low...high)
    case "array":
      let low = max(0, node["minItems"]?.integer ?? 0), high = node["maxItems"]?.integer ?? .max
      guard low <= high else { throw Self.emptyRange(name) }
      let items = try node["items"].map { items throws(PipelineError) in try Self(jsonSchema: items, of: name) }
      self = .list(
        items ?? .any([.bool, .number(-.greatestFiniteMagnitude ... .greatestFiniteMagnitude), .string, .anyObject]),
        count: low...high)
    case "object":
      self = node["properties"] == nil ? .anyObject : .object(try ObjectSchema(jsonSchema: node))
    default:
      throw ObjectSchema.refusal(
        "the option '\(name)' has no type that is known: boolean, integer, number, string, array or object")
    }
  }

  private static func emptyRange(_ name: String) -> PipelineError {
    ObjectSchema.refusal("the lower limit of '\(name)' is above its upper one")
  }
}
