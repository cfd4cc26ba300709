package import EdgepipeCore

extension PipelineSchema {
  /// The JSON Schema (draft 2020-12) of pipeline files made of the registered stage types.
  ///
  /// It says what can be said of a file by itself. Links between stages are beyond it, and so are values that come
  /// from the environment: `${NAME}` in a key that takes certain words only is refused by the schema, not by the
  /// program.
  public static func json(registry: StageRegistry) -> String {
    var root: [JSONNode.Member] = [
      .made("$schema", .made("https://json-schema.org/draft/2020-12/schema")),
      .made("title", .made("edgepipe pipeline")),
    ]
    root += file.jsonSchema.members ?? []
    let types = registry.all
    let definitions =
      [.made("stage", stageSchema(types))] + types.map { JSONNode.Member.made($0.type, schema(of: $0)) }
    root.append(.made("$defs", .made(definitions)))
    return JSONNode.made(refer(from: "stages", in: root)).text(indented: true) + "\n"
  }

  /// `stages` refers to the one definition of a stage.
  private static func refer(from key: String, in root: [JSONNode.Member]) -> [JSONNode.Member] {
    var node = JSONNode.made(root)
    node.set(["properties", key, "items"], .made([.made("$ref", .made("#/$defs/stage"))]))
    return node.members ?? root
  }

  private static func stageSchema(_ types: [StageDescriptor]) -> JSONNode {
    var node = stage.jsonSchema
    node.set(["properties", "id", "pattern"], .made(idPattern))
    node.set(["properties", "after", "uniqueItems"], JSONNode(.bool(true), origin: .none))
    node.set(["properties", "type", "enum"], JSONNode.made(types.map { JSONNode.made($0.type) }))
    let choices: [JSONNode] = types.map { descriptor in
      let isThisType: [JSONNode.Member] = [
        .made("properties", .made([.made("type", .made([.made("const", .made(descriptor.type))]))])),
        .made("required", .made([JSONNode.made("type")])),
      ]
      let rules: [JSONNode.Member] = [.made("$ref", .made("#/$defs/\(descriptor.type)"))]
      return .made([.made("if", .made(isThisType)), .made("then", .made(rules))] as [JSONNode.Member])
    }
    // An empty allOf is no valid schema.
    if !choices.isEmpty { node.set(["allOf"], .made(choices)) }
    return node
  }

  private static func schema(of descriptor: StageDescriptor) -> JSONNode {
    let isSource = descriptor.role == .source
    let after: [JSONNode.Member] = [.made(isSource ? "maxItems" : "minItems", .made(isSource ? 0 : 1))]
    let workers: [JSONNode.Member] = [.made("maximum", .made(max(1, descriptor.maximumWorkers)))]
    let properties: [JSONNode.Member] = [
      .made("after", .made(after)), .made("workers", .made(workers)), .made("config", descriptor.schema.jsonSchema),
    ]
    var required: [JSONNode] = isSource ? [] : [.made("after")]
    if descriptor.schema.properties.contains(where: \.isRequired) { required.append(.made("config")) }
    var members: [JSONNode.Member] = [
      .made("description", .made(descriptor.summary)), .made("properties", .made(properties)),
    ]
    if !required.isEmpty { members.append(.made("required", .made(required))) }
    return .made(members)
  }
}

extension ObjectSchema {
  package var jsonSchema: JSONNode {
    let properties = properties.map { property in
      var node = property.kind.jsonSchema
      node.set(["description"], .made(property.summary))
      if let text = property.defaultJSON, let value = JSONParser.value(text, origin: .none) {
        node.set(["default"], value)
      }
      // No word of JSON Schema; readers ignore what they do not know.
      if property.isChangeable { node.set(["x-changeable"], JSONNode(.bool(true), origin: .none)) }
      return JSONNode.Member.made(property.name, node)
    }
    let required = self.properties.filter(\.isRequired).map { JSONNode.made($0.name) }
    var members: [JSONNode.Member] = [.made("type", .made("object")), .made("properties", .made(properties))]
    if !required.isEmpty { members.append(.made("required", .made(required))) }
    members.append(.made("additionalProperties", JSONNode(.bool(false), origin: .none)))
    return .made(members)
  }
}

extension ObjectSchema.ValueKind {
  package var jsonSchema: JSONNode {
    switch self {
    case .bool: return .made([.made("type", .made("boolean"))])
    case .string: return .made([.made("type", .made("string"))])
    case .anyObject: return .made([.made("type", .made("object"))])
    case .integer(let range):
      var members: [JSONNode.Member] = [.made("type", .made("integer"))]
      if range.lowerBound != .min { members.append(.made("minimum", .made(range.lowerBound))) }
      if range.upperBound != .max { members.append(.made("maximum", .made(range.upperBound))) }
      return .made(members)
    case .number(let range):
      var members: [JSONNode.Member] = [.made("type", .made("number"))]
      let limit = Double.greatestFiniteMagnitude
      if range.lowerBound > -limit { members.append(.made("minimum", .made(range.lowerBound))) }
      if range.upperBound < limit { members.append(.made("maximum", .made(range.upperBound))) }
      return .made(members)
    case .word(let words): return .made([.made("enum", .made(words.map { JSONNode.made($0) }))])
    case .list(let kind, let count):
      var members: [JSONNode.Member] = [.made("type", .made("array")), .made("items", kind.jsonSchema)]
      if count.lowerBound > 0 { members.append(.made("minItems", .made(count.lowerBound))) }
      if count.upperBound != .max { members.append(.made("maxItems", .made(count.upperBound))) }
      return .made(members)
    case .object(let schema): return schema.jsonSchema
    case .any(let kinds): return .made([.made("anyOf", .made(kinds.map(\.jsonSchema)))])
    }
  }
}

extension JSONNode {
  static func made(_ string: String) -> JSONNode { JSONNode(.string(string), origin: .none) }
  static func made(_ integer: Int) -> JSONNode { JSONNode(.integer(integer), origin: .none) }
  static func made(_ number: Double) -> JSONNode {
    Int(exactly: number).map { made($0) } ?? JSONNode(.number(number), origin: .none)
  }
  static func made(_ elements: [JSONNode]) -> JSONNode { JSONNode(.array(elements), origin: .none) }
  static func made(_ members: [Member]) -> JSONNode { JSONNode(.object(members), origin: .none) }

  /// Sets the value at a path of keys, making the objects on the way.
  /// - Returns: the keys up to something that is not an object and stays as it is, or nil when all went well.
  @discardableResult
  mutating func set(_ keys: ArraySlice<String>, _ new: JSONNode, keyOrigin: Origin = .none) -> [String]? {
    guard let key = keys.first else {
      self = new
      return nil
    }
    guard var members else { return [] }
    let index = members.firstIndex { $0.key == key } ?? members.count
    if index == members.count {
      members.append(Member(key: key, keyOrigin: keyOrigin, value: JSONNode(.object([]), origin: keyOrigin)))
    }
    if keys.count == 1 { members[index].keyOrigin = keyOrigin }
    let failure = members[index].value.set(keys.dropFirst(), new, keyOrigin: keyOrigin)
    value = .object(members)
    return failure.map { [key] + $0 }
  }

  @discardableResult
  mutating func set(_ keys: [String], _ new: JSONNode) -> [String]? { set(keys[...], new) }
}

extension JSONNode.Member {
  static func made(_ key: String, _ value: JSONNode) -> JSONNode.Member {
    JSONNode.Member(key: key, keyOrigin: .none, value: value)
  }
}
