import EdgepipeCore
import Foundation

/// Where a pipeline's run keeps what its supervisor needs: `STATE/NAME/`.
struct RunFolder: Sendable {
  /// A log is cut to nothing beyond this; the part before is kept in `log.1`.
  static let largestLog = 4 << 20

  let path: String
  var lock: String { path + "/lock" }
  var socket: String { path + "/control.sock" }
  var report: String { path + "/report.json" }
  var log: String { path + "/log" }

  /// - Throws: ``PipelineError`` when the folder cannot be made.
  init(state: String, name: String) throws(PipelineError) {
    path = "\(state)/\(name)"
    try OutputPath.makeFolder(path)
  }

  /// Keeps the log from growing for ever, while the run goes on writing to it.
  func boundLog() {
    let size = (try? FileManager.default.attributesOfItem(atPath: log)[.size] as? Int) ?? 0
    guard size > Self.largestLog else { return }
    let old = log + ".1"
    try? FileManager.default.removeItem(atPath: old)
    try? FileManager.default.copyItem(atPath: log, toPath: old)
    // SAFETY: the path is a terminated copy for the call.
    unsafe truncate(log, 0)
  }

  /// The last lines of the log, shortened.
  func lastWords() -> String { lastLines(3, ofBytes: 4096).joined(separator: "; ") }

  /// The last lines of the log, as far as its last bytes reach.
  func lastLines(_ count: Int, ofBytes bytes: UInt64 = 1 << 18) -> [Substring] {
    guard let file = FileHandle(forReadingAtPath: log) else { return [] }
    defer { try? file.close() }
    let size = (try? file.seekToEnd()) ?? 0
    try? file.seek(toOffset: size > bytes ? size - bytes : 0)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    return text.split(separator: "\n").suffix(count)
  }
}
