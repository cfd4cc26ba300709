/// A JSON file of another kind than a pipeline that people write, read as strictly: every mistake is found at once and
/// told at its place, unknown keys with the nearest known one.
package struct CheckedFile: Sendable {
  /// As the user named it.
  package let name: String
  /// What the file holds: it fits the schema.
  package let root: JSONNode

  /// - Parameters:
  ///   - kind: what the file should be, for messages: `cost file`.
  /// - Throws: everything that does not fit, with `malformed`; `notFound` for a file that cannot be read.
  package init(reading name: String, kind: String, schema: ObjectSchema) throws(ConfigErrors) {
    let bytes: [UInt8]
    do throws(ConfigErrors) { bytes = try ConfigFile.read(name, kind: kind) } catch { throw error.ofData }
    try self.init(bytes: bytes, name: name, schema: schema)
  }

  /// As `init(reading:)`, from a text; `name` is what errors call it.
  package init(text: String, name: String, schema: ObjectSchema) throws(ConfigErrors) {
    try self.init(bytes: Array(text.utf8), name: name, schema: schema)
  }

  private init(bytes: [UInt8], name: String, schema: ObjectSchema) throws(ConfigErrors) {
    var issues = IssueCollector(file: name)
    let root = JSONParser.parse(bytes, issues: &issues)
    if let root { schema.validate(root, path: "", issues: &issues) }
    if let errors = issues.errors { throw errors.ofData }
    guard let root else { throw ConfigErrors(issues: [ConfigIssue(file: name, message: "not JSON", code: .malformed)]) }
    self.name = name
    self.root = root
  }

  /// Something beyond the schema that is wrong with a value.
  /// - Parameter path: where it is, such as `options[2].name`.
  package func issue(_ message: String, at node: JSONNode, path: String) -> ConfigIssue {
    var issue = ConfigIssue(file: name, path: path, message: message, code: .malformed)
    issue.place(at: node.origin, overrideNames: [])
    return issue
  }
}

extension ConfigErrors {
  /// The same errors as those of data: they do not keep a pipeline from being built.
  fileprivate var ofData: ConfigErrors {
    var errors = self
    for index in errors.issues.indices where errors.issues[index].code == .invalidConfiguration {
      errors.issues[index].code = .malformed
    }
    return errors
  }
}
