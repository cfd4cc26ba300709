public import EdgepipeCore
import Foundation

// A profile as JSON: {"version": 1, "name": "desk", "idleW": 5.1, "wattsPerBusyCore": 2.2, "method": "..."}.
extension DeviceProfile {
  static let schema = ObjectSchema([
    .init("version", .integer(1...1), required: true, "The version of the file format."),
    .init("name", .string, required: true, "The profile's name in reports."),
    .init("idleW", .number(0...10_000), required: true, "Watts when idle."),
    .init("wattsPerBusyCore", .number(0...1000), required: true, "Additional watts for each busy core."),
    .init("method", .string, "What the figures describe and where they come from."),
    .init(
      "residualW", .number(0...10_000), "Residual of the readings from the fitted line, in watts (root mean square)."),
  ])

  /// A built-in profile by its name, or one from a file.
  ///
  /// - Throws: ``PipelineError``: `invalidArgument` for a name that is neither, `malformed` for a file that is no
  ///   profile.
  public static func load(_ nameOrFile: String) throws(PipelineError) -> DeviceProfile {
    if let profile = builtin(named: nameOrFile) { return profile }
    guard FileManager.default.fileExists(atPath: nameOrFile) else {
      let names = builtin.map(\.name)
      let nearest = NearestName.suggestion(for: nameOrFile, among: names).map { "did you mean '\($0)'? " } ?? ""
      throw PipelineError(
        "\(Quoted.text(nameOrFile)) is neither a power profile nor a file",
        remedy: nearest + "profiles: " + names.joined(separator: ", "), code: .invalidArgument)
    }
    let text: String
    do throws(SystemTree.Failure) { text = try SystemTree.contents(nameOrFile) } catch {
      throw PipelineError("cannot read the power profile '\(nameOrFile)': \(error)", code: .notFound)
    }
    return try parse(text, file: nameOrFile)
  }

  /// - Throws: ``PipelineError`` with `malformed` and every mistake at its place.
  static func parse(_ text: String, file: String) throws(PipelineError) -> DeviceProfile {
    var issues = IssueCollector(file: file)
    let root = JSONParser.parse(Array(text.utf8), issues: &issues)
    if let root { schema.validate(root, path: "", issues: &issues) }
    if let errors = issues.errors {
      throw PipelineError("\(errors)", remedy: "docs/power.md describes the format of profiles", code: .malformed)
    }
    guard let name = root?["name"]?.string, let idle = root?["idleW"]?.number,
      let busy = root?["wattsPerBusyCore"]?.number
    else { throw PipelineError("'\(file)' is not a power profile", code: .malformed) }
    return DeviceProfile(
      name: name, idleW: idle, wattsPerBusyCore: busy, method: root?["method"]?.string ?? "from \(file)",
      residualW: root?["residualW"]?.number)
  }

  /// The same profile as text for a file.
  public var json: String {
    func node(_ value: JSONNode.Value) -> JSONNode { JSONNode(value, origin: .file(line: 1, column: 1)) }
    var members: [(String, JSONNode.Value)] = [
      ("version", .integer(1)), ("name", .string(name)), ("idleW", .number(idleW)),
      ("wattsPerBusyCore", .number(wattsPerBusyCore)), ("method", .string(method)),
    ]
    if let residualW { members.append(("residualW", .number(residualW))) }
    let object = members.map { JSONNode.Member(key: $0.0, keyOrigin: .file(line: 1, column: 1), value: node($0.1)) }
    return node(.object(object)).text(indented: true) + "\n"
  }
}
