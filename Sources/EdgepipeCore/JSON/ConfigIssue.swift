/// One thing that is wrong with a pipeline file, or with an override of it.
public struct ConfigIssue: Error, Sendable, Hashable, CustomStringConvertible {
  /// The file as the user named it.
  public var file: String
  /// Counted from 1; nil where the whole file is meant or an override is at fault.
  public var line: Int?
  /// Counted from 1, in Unicode scalars.
  public var column: Int?
  /// The override at fault, such as `--set objects.score`, without its value.
  public var override: String?
  /// Where in the document, such as `stages[2].config.score`; empty for the document itself.
  public var path: String
  /// What is wrong. Values from the environment and passwords never appear.
  public var message: String
  /// The known name that was probably meant.
  public var suggestion: String?
  /// More help, such as the known names.
  public var note: String?
  /// Wrong configuration, a file that is not there, or what a stage says of what it checks.
  public var code: PipelineError.Code

  public init(
    file: String, line: Int? = nil, column: Int? = nil, override: String? = nil, path: String = "", message: String,
    suggestion: String? = nil, note: String? = nil, code: PipelineError.Code = .invalidConfiguration
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.override = override
    self.path = path
    self.message = message
    self.suggestion = suggestion
    self.note = note
    self.code = code
  }

  /// One line: `pipeline.json:12:18: stages[2].config.scroe: unknown key; did you mean 'score'?`
  public var description: String {
    var text = override ?? file
    if override == nil, let line, let column { text += ":\(line):\(column)" }
    text += ": "
    if !path.isEmpty { text += path + ": " }
    text += message
    if let suggestion { text += "; did you mean '\(suggestion)'?" }
    if let note { text += (suggestion == nil ? "; " : " (") + note + (suggestion == nil ? "" : ")") }
    return text
  }
}

/// Everything that is wrong with a pipeline file, in the order of the file, overrides last.
public struct ConfigErrors: Error, Sendable, CustomStringConvertible {
  /// At least one, at most ``limit``.
  public var issues: [ConfigIssue]
  /// How many more were found.
  public var omitted: Int

  /// A file that is no pipeline file at all must not fill the terminal.
  public static let limit = 100

  public init(issues: [ConfigIssue], omitted: Int = 0) {
    self.issues = issues
    self.omitted = omitted
  }

  /// The code of the issues if they agree, at least in what the command exits with; else that of a wrong configuration.
  public var code: PipelineError.Code {
    guard let first = issues.first?.code, issues.allSatisfy({ $0.code.exit == first.exit }) else {
      return .invalidConfiguration
    }
    return first
  }

  /// What the command exits with for these errors.
  public var exit: ExitStatus { code.exit }

  /// One issue a line.
  public var description: String {
    var lines = issues.map(\.description)
    if omitted > 0 { lines.append("\(issues.first?.file ?? "pipeline file"): and \(omitted) more") }
    return lines.joined(separator: "\n")
  }
}

/// Gathers issues while a file is read and checked.
package struct IssueCollector {
  let file: String
  /// What each override is called, for values that come from one.
  var overrideNames: [String] = []
  private(set) var issues: [ConfigIssue] = []
  private(set) var omitted = 0

  package init(file: String, overrideNames: [String] = []) {
    self.file = file
    self.overrideNames = overrideNames
  }

  package mutating func add(
    _ message: @autoclosure () -> String, at origin: JSONNode.Origin, path: @autoclosure () -> String,
    suggestion: @autoclosure () -> String? = nil, note: @autoclosure () -> String? = nil
  ) {
    // Beyond the limit issues are only counted: no text is made for them.
    if isFull { return omitted += 1 }
    var issue = ConfigIssue(file: file, path: path(), message: message(), suggestion: suggestion(), note: note())
    issue.place(at: origin, overrideNames: overrideNames)
    issues.append(issue)
  }

  /// How many issues there are, shown or not.
  var count: Int { issues.count + omitted }

  /// Whether further issues are only counted.
  package var isFull: Bool { issues.count >= ConfigErrors.limit }

  /// What was found, in the order of the file; nil when nothing is wrong.
  package var errors: ConfigErrors? {
    guard !issues.isEmpty else { return nil }
    let order = issues.enumerated().sorted { a, b in
      let (x, y) = (a.element, b.element)
      let (xl, yl) = (x.line ?? (x.override == nil ? 0 : .max), y.line ?? (y.override == nil ? 0 : .max))
      return (xl, x.column ?? 0, a.offset) < (yl, y.column ?? 0, b.offset)
    }
    return ConfigErrors(issues: order.map(\.element), omitted: omitted)
  }
}

extension ConfigIssue {
  package mutating func place(at origin: JSONNode.Origin, overrideNames: [String]) {
    switch origin {
    case .none: break
    case .file(let line, let column):
      self.line = Int(line)
      self.column = Int(column)
    case .override(let index):
      override = overrideNames.indices.contains(Int(index)) ? overrideNames[Int(index)] : "override"
    }
  }
}
