import Foundation
import Testing

/// A script at work beside a test; ends with its standard input, and so with this object.
package final class HelperProcess {
  /// What it has said in its first line behind `ready`.
  package private(set) var address = ""
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var text = Data()

  /// - Parameter script: a file of `Tests/EndToEndTests/Support`, or one of the project by its path in it.
  package init(_ script: String, _ arguments: [String]) throws {
    let place = script.contains("/") ? script : "Tests/EndToEndTests/Support/\(script)"
    let path = TestData.packageRoot.appendingPathComponent(place).path
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [path] + arguments
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    address = String(try #require(try line("ready")))
  }

  deinit {
    thaw()
    end()
  }

  /// Tells it something, in one line.
  package func send(_ line: String) { input.fileHandleForWriting.write(Data((line + "\n").utf8)) }

  /// Stops it where it is, until ``thaw()``: connections stay, and nothing is answered.
  package func freeze() { Glibc.kill(process.processIdentifier, SIGSTOP) }

  package func thaw() { Glibc.kill(process.processIdentifier, SIGCONT) }

  /// Kills it, as a crash would.
  package func kill() {
    Glibc.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  private func end() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// The rest of the next line that begins with this word; nil at the end of the output.
  package func line(_ word: String) throws -> Substring? {
    while true {
      while let end = text.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: text[text.startIndex..<end], as: UTF8.self)
        text.removeSubrange(text.startIndex...end)
        if line == word { return "" }
        if line.hasPrefix(word + " ") { return line.dropFirst(word.count + 1) }
      }
      let more = output.fileHandleForReading.readSome()
      if more.isEmpty { return nil }
      text += more
    }
  }

  /// Ends it, and gives the rest of each further line that begins with this word.
  package func finish(_ word: String) throws -> [Substring] {
    end()
    var lines: [Substring] = []
    while let line = try line(word) { lines.append(line) }
    return lines
  }
}
