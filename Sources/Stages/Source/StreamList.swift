public import Pipeline
import EdgepipeCore
import Foundation

/// One stream of a source's configuration.
public struct StreamEntry: ConfigurationObject, Hashable {
  /// The stream's name in every output.
  public var id = ""
  /// A file, a folder of pictures, a pattern, a pipe, a `/dev/videoN` device or a stream's address.
  public var url = ""
  /// Whether the stream is live, in place of the source's `live`.
  public var live: Bool?
  /// Milliseconds from capture to delivery, in place of the pipeline's budget.
  public var deadlineMs: Double?

  public init() {}

  public init(id: String, url: String, live: Bool? = nil, deadlineMs: Double? = nil) {
    self.id = id
    self.url = url
    self.live = live
    self.deadlineMs = deadlineMs
  }

  public static let options: [ConfigurationOption<Self>] = [
    .init("id", \.id, .string, required: true, "The stream's name in every output."),
    .init("url", \.url, .string, required: true, meaning: .address, "The stream's input."),
    .init(
      "live", \.live, .bool,
      "Whether the stream is live; as the source's `live`, or determined by the input, when absent."),
    .init(
      "deadlineMs", \.deadlineMs, .number(1...3_600_000),
      "Milliseconds from capture to delivery; the pipeline's budget when absent."),
  ]

  /// The same rule as for stages: names appear in file names and metrics.
  static func isGood(id: String) -> Bool {
    (1...32).contains(id.utf8.count)
      && id.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

/// A text file with one stream a line: `id url`, or `id "url"` where the url has spaces. Empty lines and what follows a
/// `#` at a line's start are left out; `${NAME}` takes a value from the environment, which keeps passwords out of the
/// file.
enum StreamListFile {
  /// More is no list of cameras.
  static let byteLimit = 1 << 20

  /// - Throws: ``PipelineError``: `notFound` when the file cannot be read, `invalidConfiguration` with the line that is
  ///   wrong.
  static func read(
    _ path: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(PipelineError) -> [StreamEntry] {
    guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: byteLimit + 1) else {
      throw PipelineError(
        "cannot read the stream list '\(path)'", remedy: "check the path; it is relative to the working directory",
        code: .notFound)
    }
    return try entries(Array(data), name: path, environment: environment)
  }

  /// As `read`, from memory.
  ///
  /// - Parameter name: what errors call the file.
  static func entries(
    _ bytes: [UInt8], name: String, environment: [String: String]
  ) throws(PipelineError) -> [StreamEntry] {
    let lines = TextFile.lines(bytes)
    guard bytes.count <= byteLimit, !lines.contains(where: { $0.contains(0) }) else {
      throw PipelineError(
        "'\(name)' is not a stream list", remedy: "write lines of 'id url', 1 MB at most", code: .invalidConfiguration)
    }
    var entries: [StreamEntry] = []
    for (index, line) in lines.enumerated() {
      let place = "\(name):\(index + 1)"
      guard let (id, url) = try split(line, place) else { continue }
      entries.append(
        StreamEntry(id: id, url: try EnvironmentReferences.expand(url, environment: environment, place: place)))
    }
    guard !entries.isEmpty else {
      throw PipelineError(
        "the stream list '\(name)' is empty", remedy: "write lines of 'id url'", code: .invalidConfiguration)
    }
    return entries
  }

  /// The parts of a line, or nil where it has none.
  private static func split(
    _ line: ArraySlice<UInt8>, _ place: String
  ) throws(PipelineError) -> (id: String, url: String)? {
    let rest = line.drop(while: isSpace)
    guard let first = rest.first, first != UInt8(ascii: "#") else { return nil }
    let id = rest.prefix { !isSpace($0) }
    var url = rest[id.endIndex...].drop(while: isSpace)
    while let last = url.last, isSpace(last) { url.removeLast() }
    let text = String(decoding: id, as: UTF8.self)
    guard !url.isEmpty, StreamEntry.isGood(id: text) else {
      throw PipelineError(
        "\(place): expected 'id url'", remedy: "the id has 1 to 32 letters, digits, '-' or '_'",
        code: .invalidConfiguration)
    }
    if let quote = url.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
      let inner = url.dropFirst().prefix { $0 != quote }
      guard !inner.isEmpty, inner.endIndex == url.endIndex - 1 else {
        throw PipelineError(
          "\(place): the url begins with a quote but does not end with it",
          remedy: "put the whole url in one pair of quotes, \"...\" or '...'", code: .invalidConfiguration)
      }
      url = inner
    } else if url.contains(where: isSpace) {
      throw PipelineError(
        "\(place): the url has spaces, or something follows it",
        remedy: "put a url with spaces in quotes: id \"My Video.mp4\"",
        code: .invalidConfiguration)
    }
    return (text, String(validating: url, as: UTF8.self) ?? FileURL.text(for: BytePath(bytes: Array(url))))
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
