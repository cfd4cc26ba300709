import EdgepipeCore
import Foundation

/// Runs another program to its end. Its output goes to a file: a full pipe can then never block it.
enum Program {
  /// - Throws: a ``PipelineError`` (`unavailable`) with the program's last words when it fails or is not there.
  static func run(_ arguments: [String], log: URL, environment: [String: String] = [:]) throws {
    let name = arguments.first ?? "", end: ChildProcess.End
    do throws(POSIXError) {
      end = try ChildProcess("/usr/bin/env", arguments, environment: environment, output: .file(log.path)).wait()
    } catch {
      throw PipelineError("cannot run \(name): \(error.localizedDescription)", code: .unavailable)
    }
    guard end == .status(0) else {
      throw PipelineError("\(name) failed: \(lastWords(log) ?? end.description)", code: .unavailable)
    }
  }

  /// The line that says most: the last error, else the last line.
  private static func lastWords(_ log: URL) -> String? {
    let text = String(decoding: FileManager.default.contents(atPath: log.path) ?? Data(), as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    let line = lines.last { $0.hasPrefix("ERROR:") || $0.contains("error:") || $0.hasPrefix("curl:") } ?? lines.last
    return line.map { String($0.prefix(300)) }
  }
}
