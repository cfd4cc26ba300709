import EdgepipeCore
import Foundation
import Pipeline

/// Where a pipeline's run keeps what its supervisor needs: `STATE/runs/NAME/`.
struct RunFolder: Sendable {
  /// A log is emptied when it is larger than this; what was in it is kept as `log.1`.
  static let largestLog = 4 << 20

  /// The folder of all that outlives a run.
  let state: String
  let path: String
  /// Held by the run.
  var lock: String { path + "/lock" }
  /// Held while a run is being started.
  var startLock: String { path + "/start.lock" }
  var socket: String { path + "/control.sock" }
  var report: String { path + "/report.json" }
  var log: String { path + "/log" }
  var changes: String { path + "/changes.json" }
  /// The number of the last fault of the run that was passed on.
  var told: String { path + "/told" }
  /// What its runs have written for people to look at.
  var files: String { path + "/files.jsonl" }

  static func all(in state: String) -> String { state + "/runs" }

  /// - Throws: ``PipelineError`` when the folder cannot be made, or its path is too long for a socket in it.
  init(state: String, name: String) throws(PipelineError) {
    self.state = state
    path = "\(Self.all(in: state))/\(name)"
    let length = socket.utf8.count
    guard length <= ControlServer.longestPath else {
      throw PipelineError(
        "the path of the state folder is too long: '\(socket)' would have \(length) bytes, and the path of a socket has "
          + "\(ControlServer.longestPath) at most",
        remedy: "give --state FOLDER a shorter path, or the pipeline a shorter name", code: .invalidArgument)
    }
    try OutputPath.makePrivateFolder(path)
  }

  var logBytes: Int { (try? FileManager.default.attributesOfItem(atPath: log)[.size] as? Int) ?? 0 }

  /// Keeps the log from growing without end. The run may go on writing to it; lines that it writes at this very instant
  /// may be lost.
  func boundLog() {
    guard logBytes > Self.largestLog else { return }
    let old = log + ".1"
    try? FileManager.default.removeItem(atPath: old)
    try? FileManager.default.copyItem(atPath: log, toPath: old)
    // SAFETY: the path is a terminated copy for the call.
    unsafe truncate(log, 0)
  }

  /// The last lines of what is behind `begin`, shortened.
  func lastWords(after begin: Int) -> String { lastLines(3, ofBytes: 4096, after: begin).joined(separator: "; ") }

  /// The last lines of the log, as far as its last bytes reach, of what is behind `begin`.
  func lastLines(_ count: Int, ofBytes bytes: UInt64 = 1 << 18, after begin: Int = 0) -> [Substring] {
    guard let file = FileHandle(forReadingAtPath: log) else { return [] }
    defer { try? file.close() }
    let size = (try? file.seekToEnd()) ?? 0
    // It may have been emptied since.
    let start = UInt64(clamping: begin) > size ? 0 : UInt64(clamping: begin)
    try? file.seek(toOffset: max(start, size > bytes ? size - bytes : 0))
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    return text.split(separator: "\n").suffix(max(0, count))
  }
}
