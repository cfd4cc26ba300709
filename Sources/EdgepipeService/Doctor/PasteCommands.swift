/// Commands for a shell, about the run that is examined.
package struct PasteCommands: Sendable, Hashable {
  /// The pipeline file as the run's user named it; nil where the report does not say.
  let file: String?
  /// The control socket of a run that goes on; nil for one that is over.
  let control: String?

  package init(file: String?, control: String? = nil) {
    self.file = file
    self.control = control
  }

  private var shownFile: String { file.map(Self.word) ?? "PIPELINE.json" }

  /// Gives an option of a stage another value.
  ///
  /// - Parameter changes: the option can change while the run goes on.
  func set(_ stage: String, _ option: String, _ value: String, changes: Bool = false) -> String {
    if changes, let control {
      return "edgepipe ctl set \(Self.word(stage)) \(Self.word("\(option)=\(value)")) --control \(Self.word(control))"
    }
    return "edgepipe run \(shownFile) --set \(Self.word("\(stage).\(option)=\(value)"))"
  }

  var profile: String { "edgepipe profile \(shownFile)" }

  func tune(deadlineMs: Double?) -> String {
    let limit = deadlineMs.flatMap { (1...60_000).contains($0) ? Int($0) : nil } ?? 100
    return "edgepipe tune \(shownFile) --deadline \(limit)"
  }

  var validate: String { "edgepipe validate \(shownFile)" }

  /// Runs it with everything that it has to say, of one stage.
  func verbose(_ stage: String) -> String {
    "edgepipe run \(shownFile) --verbose 2>&1 | grep -e \(Self.word(stage))"
  }

  /// Shows what the streams do.
  var watchStreams: String {
    control.map { "edgepipe ctl list --control \(Self.word($0))" } ?? "edgepipe run \(shownFile) --verbose"
  }

  /// A word of a POSIX shell: names come from files that anybody may have written.
  static func word(_ text: String) -> String {
    let plain = text.unicodeScalars.map { scalar -> String in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: "?"
      default: String(scalar)
      }
    }.joined()
    let isPlain =
      !plain.isEmpty
      && plain.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "/._-=:,+%@".utf8.contains(byte)
        }
      }
    return isPlain ? plain : "'" + plain.replacing("'", with: "'\\''") + "'"
  }
}
