/// Replaces `${NAME}` in strings by the environment's value; `$${` stands for `${` itself. Keys stay as they are.
/// Inside a URL the value is percent-encoded for the place where it is put in, see ``AddressPlaces``.
///
/// Values never appear in messages: a changed string keeps what the file says beside it.
package struct EnvironmentExpansion {
  let environment: [String: String]

  package init(environment: [String: String]) { self.environment = environment }

  package func expand(_ node: inout JSONNode, path: String, issues: inout IssueCollector) {
    switch node.value {
    case .string(let text):
      if text.utf8.contains(0) {
        // C libraries would take the rest for absent.
        return issues.add("a NUL character in a string", at: node.origin, path: path)
      }
      guard text.utf8.contains(UInt8(ascii: "$")) else { return }
      let expanded = expand(text, origin: node.origin, path: path, issues: &issues)
      guard let expanded else { return node.value = .invalid }
      guard expanded != text else { return }
      node.value = .string(expanded)
      node.original = text
    case .array(var elements):
      // Taken out for the time of the change, so that the list is not copied.
      node.value = .null
      for index in elements.indices { expand(&elements[index], path: "\(path)[\(index)]", issues: &issues) }
      node.value = .array(elements)
    case .object(var members):
      node.value = .null
      for index in members.indices {
        expand(&members[index].value, path: JSONPath.join(path, key: members[index].key), issues: &issues)
      }
      node.value = .object(members)
    case .null, .bool, .integer, .number, .invalid: break
    }
  }

  /// The text with its references replaced, or nil after a complaint. In a URL a value is percent-encoded for its
  /// place.
  private func expand(
    _ text: String, origin: JSONNode.Origin, path: String, issues: inout IssueCollector
  ) -> String? {
    let bytes = Array(text.utf8)
    var result: [UInt8] = [], values: [String] = []
    var isGood = true
    var at = 0
    while at < bytes.count {
      let rest = bytes[at...]
      if rest.starts(with: "$${".utf8) {
        result += "${".utf8
        at += 3
      } else if rest.starts(with: "${".utf8) {
        let name = rest.dropFirst(2).prefix { $0.isWordByte && !($0 == "$") }
        let end = name.endIndex
        if name.isEmpty || ("0"..."9") ~= name[name.startIndex] || end == bytes.count || !(bytes[end] == "}") {
          issues.add(
            "'${' needs the name of an environment variable and '}'; the text itself is written '$${'", at: origin,
            path: path)
          return nil
        }
        let key = String(decoding: name, as: UTF8.self)
        if let value = environment[key] {
          result.append(AddressPlaces.reference)
          values.append(value)
        } else {
          issues.add("the environment variable \(Quoted.text(key)) is not set", at: origin, path: path)
          isGood = false
        }
        at = end + 1
      } else {
        result.append(bytes[at])
        at += 1
      }
    }
    guard isGood else { return nil }
    var replacements = zip(values, AddressPlaces.find(result)).makeIterator()
    let written = result.flatMap { byte in
      guard byte == AddressPlaces.reference, let (value, place) = replacements.next() else { return [byte] }
      return AddressPlaces.write(value, at: place)
    }
    return String(decoding: written, as: UTF8.self)
  }
}

/// `${NAME}` in texts that do not come from a pipeline file.
package enum EnvironmentReferences {
  /// - Parameter place: what an error calls the text; the text itself may be a secret.
  /// - Throws: ``PipelineError`` `invalidConfiguration` with the name that the environment does not have.
  package static func expand(
    _ text: String, environment: [String: String], place: String
  ) throws(PipelineError) -> String {
    var issues = IssueCollector(file: place, overrideNames: [])
    var node = JSONNode(.string(text), origin: .override(0))
    EnvironmentExpansion(environment: environment).expand(&node, path: "", issues: &issues)
    if let issue = issues.errors?.issues.first {
      throw PipelineError("\(place): \(issue.message)", code: .invalidConfiguration)
    }
    return node.string ?? text
  }
}
