package import EdgepipeCore
import Foundation
import Synchronization

/// The files that the runs of a pipeline have finished, as they told: nothing else is ever handed out. Kept over restarts of
/// the service.
package final class FileBook: Sendable {
  struct Entry: Sendable {
    /// Of this pipeline; never used twice.
    let id: Int
    let members: [String: ReportValue]

    var path: String { text("path") ?? "" }
    var picture: String? { text("picture") }
    var kind: String { text("kind") ?? "" }
    var begin: String { text("begin") ?? "" }
    /// Only anonymized pictures came to the stage that has made it.
    var isAnonymized: Bool { members["anonymized"] == .bool(true) }

    private static let types = ["mp4": "video/mp4", "jpg": "image/jpeg", "png": "image/png"]

    /// The media type; nil for what is not handed out.
    static func type(of path: String) -> String? { types[String(path.split(separator: ".").last ?? "")] }

    private func text(_ key: String) -> String? { if case .string(let value)? = members[key] { value } else { nil } }

    /// As clients see it: without paths, which say more of the machine than they need.
    func value(of pipeline: String) -> [String: ReportValue] {
      var value = members.filter { ["kind", "stage", "stream", "begin", "facts"].contains($0.key) }
      value["id"] = .int(id)
      value["pipeline"] = .string(pipeline)
      value["type"] = Self.type(of: path).map { .string($0) } ?? .null
      value["has_picture"] = .bool(picture != nil)
      return value
    }
  }

  private struct State {
    var entries: [Entry] = []
    var last = 0
    /// Lines in the file, those of entries that are forgotten included.
    var lines = 0
  }

  /// Of more, the oldest are forgotten.
  static let limit = 1000

  private let path: String
  private let state: Mutex<State>

  /// - Parameter path: where they are kept; what cannot be read of it is forgotten.
  init(path: String) {
    self.path = path
    var read = State()
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") {
      guard case .object(let members) = ReportValue.parsed(String(line)), case .int(let id)? = members["id"],
        id > read.last
      else { continue }
      read.last = id
      read.entries.append(Entry(id: id, members: members))
    }
    read.entries = read.entries.suffix(Self.limit)
    read.lines = .max
    state = Mutex(read)
  }

  /// Takes in what a run tells.
  ///
  /// - Returns: nil for what is known already, or names no file.
  func add(_ message: [String: ReportValue]) -> Entry? {
    state.withLock { state in
      guard case .string(let path)? = message["path"], path.hasPrefix("/"),
        !state.entries.contains(where: { $0.path == path && $0.members["begin"] == message["begin"] })
      else { return nil }
      state.last += 1
      var members = message.filter {
        ["kind", "stage", "stream", "path", "picture", "begin", "facts", "anonymized"].contains($0.key)
      }
      members["id"] = .int(state.last)
      let entry = Entry(id: state.last, members: members)
      state.entries.append(entry)
      if state.entries.count > Self.limit { state.entries.removeFirst(state.entries.count - Self.limit) }
      keep(entry, &state)
      return entry
    }
  }

  /// A file that cannot be written costs the list after the next restart, and nothing now.
  private func keep(_ entry: Entry, _ state: inout State) {
    let line = ReportValue.object(entry.members).line + "\n"
    if state.lines < 2 * Self.limit, let file = FileHandle(forWritingAtPath: path) {
      defer { try? file.close() }
      if (try? file.seekToEnd()) != nil, (try? file.write(contentsOf: Data(line.utf8))) != nil {
        state.lines += 1
        return
      }
    }
    let text = state.entries.map { ReportValue.object($0.members).line + "\n" }.joined()
    if (try? WholeFile.write(to: path, rights: WholeFile.ownerAlone) { try $0(text) }) != nil {
      state.lines = state.entries.count
    }
  }

  /// The newest first.
  var entries: [Entry] { state.withLock { $0.entries.reversed() } }

  func entry(_ id: Int) -> Entry? { state.withLock { $0.entries.last { $0.id == id } } }
}
