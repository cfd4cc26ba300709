import Foundation
import Pipeline

/// One stream of a source's configuration.
public struct StreamEntry: Decodable, Sendable, Hashable {
  /// The stream's name in every output.
  public var id: String
  /// A file, a folder of pictures, a `/dev/videoN` device or a stream's address.
  public var url: String
  /// Milliseconds from capture to delivery, in place of the pipeline's budget.
  public var deadlineMs: Double?

  public init(id: String, url: String, deadlineMs: Double? = nil) {
    self.id = id
    self.url = url
    self.deadlineMs = deadlineMs
  }

  static let schema = ObjectSchema([
    .init("id", .string, required: true, "The stream's name in every output."),
    .init("url", .string, required: true, "Where its frames come from."),
    .init("deadlineMs", .number(1...3_600_000), "Milliseconds from capture to delivery; the pipeline's budget when absent."),
  ])

  /// The same rule as for stages: names appear in file names and metrics.
  static func isGood(id: String) -> Bool {
    (1...32).contains(id.utf8.count)
      && id.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
      }
  }
}

/// A text file with one stream a line: `id url`. Empty lines and what follows a `#` at a line's start are left out;
/// `${NAME}` takes a value from the environment, which keeps passwords out of the file.
enum StreamListFile {
  /// More is no list of cameras.
  static let byteLimit = 1 << 20

  /// - Throws: ``PipelineError``: `noInput` when the file cannot be read, `config` with the line that is wrong.
  static func read(
    _ path: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(PipelineError) -> [StreamEntry] {
    guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: byteLimit + 1) else {
      throw PipelineError(
        "cannot read the stream list '\(path)'", remedy: "check the path; it is relative to the working directory",
        exit: .noInput)
    }
    guard data.count <= byteLimit, let text = String(data: data, encoding: .utf8) else {
      throw PipelineError("'\(path)' is no stream list", remedy: "write lines of 'id url' in UTF-8, 1 MB at most", exit: .config)
    }
    var entries: [StreamEntry] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      guard words.count == 2, StreamEntry.isGood(id: String(first)) else {
        throw PipelineError(
          "\(path):\(index + 1): expected 'id url'",
          remedy: "the id has 1 to 32 letters, digits, '-' or '_'; the url has no spaces", exit: .config)
      }
      let url = try EnvironmentReferences.expand(
        String(words[1]), environment: environment, place: "\(path):\(index + 1)")
      entries.append(StreamEntry(id: String(first), url: url))
    }
    guard !entries.isEmpty else {
      throw PipelineError("the stream list '\(path)' is empty", remedy: "write lines of 'id url'", exit: .config)
    }
    return entries
  }
}
