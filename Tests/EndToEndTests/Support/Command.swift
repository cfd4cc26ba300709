import Foundation
import PipelineTestSupport
import Testing

/// What a finished command left behind.
struct CommandResult {
  let status: Int32
  let output: String
  let errors: String

  var errorLines: [Substring] { errors.split(separator: "\n") }
}

/// The built `edgepipe`, run as a user runs it.
enum Command {
  /// Beside the test bundle, where the package manager puts all products.
  static let edgepipe: URL = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("edgepipe")
  }()

  /// How long a command may take before it counts as hanging: much longer than any takes on a busy machine.
  private static let patience = 600

  /// Runs to the end. A command that hangs is ended by `timeout` and fails with 124.
  static func run(
    _ arguments: [String], in folder: URL = TestData.packageRoot, environment: [String: String] = [:]
  ) throws -> CommandResult {
    let running = try Running(arguments, in: folder, environment: environment)
    return try running.finish()
  }

  /// Runs a line of bash, in which `$E` is the command: for what a shell does to its descriptors.
  static func shell(
    _ line: String, in folder: URL, environment: [String: String] = [:]
  ) throws -> CommandResult {
    let running = try Running(
      line: line, in: folder, environment: environment.merging(["E": edgepipe.path]) { $1 })
    return try running.finish()
  }

  /// A command at work, for tests that talk to it.
  final class Running {
    let process = Process()
    private let output = Pipe()
    private let errors: URL

    convenience init(_ arguments: [String], in folder: URL, environment: [String: String] = [:]) throws {
      try self.init(program: [Command.edgepipe.path] + arguments, in: folder, environment: environment)
    }

    /// A line of bash.
    convenience init(line: String, in folder: URL, environment: [String: String]) throws {
      try self.init(program: ["/bin/bash", "-c", line], in: folder, environment: environment)
    }

    private init(program: [String], in folder: URL, environment: [String: String]) throws {
      errors = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-stderr-\(UUID().uuidString)")
      try Data().write(to: errors)
      process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
      process.arguments = ["--foreground", "--kill-after=5", "\(Command.patience)"] + program
      process.currentDirectoryURL = folder
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = output
      process.standardError = try FileHandle(forWritingTo: errors)
      try process.run()
    }

    /// The next bytes of standard output as they come; empty at its end.
    func read() -> Data { output.fileHandleForReading.readSome() }

    /// Reads standard output until it holds `lines` lines, and returns what was read.
    func read(lines: Int) -> Data {
      var data = Data()
      while data.count(where: { $0 == UInt8(ascii: "\n") }) < lines {
        let more = read()
        if more.isEmpty { break }
        data.append(more)
      }
      return data
    }

    /// What is known of it, for a test that meets it dead.
    var state: String {
      (process.isRunning ? "running" : "ended with \(process.terminationStatus)") + "; it said: " + errorsSoFar
    }

    /// What has come on standard error so far.
    var errorsSoFar: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

    /// Sends a signal to edgepipe itself, the only child of `timeout`.
    func signal(_ number: Int32) {
      let children = "/proc/\(process.processIdentifier)/task/\(process.processIdentifier)/children"
      let ids = (try? String(contentsOfFile: children, encoding: .utf8)) ?? ""
      for id in ids.split(separator: " ").compactMap({ Int32($0) }) { kill(id, number) }
    }

    /// Waits for the end; `alreadyRead` comes first in the output.
    func finish(alreadyRead: Data = Data()) throws -> CommandResult {
      let rest = output.fileHandleForReading.readAll()
      process.waitUntilExit()
      let text = try String(contentsOf: errors, encoding: .utf8)
      try FileManager.default.removeItem(at: errors)
      return CommandResult(
        status: process.terminationStatus, output: String(decoding: alreadyRead + rest, as: UTF8.self), errors: text)
    }
  }
}

/// A folder of its own for one test, removed with it.
final class Workspace {
  let folder: URL

  init() throws { folder = try TestData.temporaryFolder("end-to-end") }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// Writes a pipeline file and returns its path.
  func pipeline(_ stages: String, extra: String = "") throws -> String {
    let file = path("pipeline.json")
    try #"{ "version": 1, "name": "test",\#(extra) "stages": [\#(stages)] }"#.write(
      toFile: file, atomically: true, encoding: .utf8)
    return file
  }

  /// The objects of a JSON Lines file.
  func lines(_ name: String) throws -> [[String: Any]] {
    try JSONLines.parse(String(contentsOfFile: path(name), encoding: .utf8))
  }

  func report(_ name: String = "report.json") throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path(name)))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }
}

enum JSONLines {
  /// Every line must be one whole object.
  static func parse(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
  }
}

/// Tools and data that tests need.
enum Has {
  static let clip = TestData.file("data/video") != nil
  static let ffmpeg = FileManager.default.isExecutableFile(atPath: "/usr/bin/ffmpeg")

  /// Whether a model is in the store, whole.
  static func model(_ name: String) -> Bool {
    (try? Command.run(["models", "verify", name]))?.status == 0
  }
}

enum FFmpeg {
  /// Runs ffmpeg quietly.
  static func make(_ arguments: [String]) throws {
    let result = try TestData.run(
      URL(fileURLWithPath: "/usr/bin/ffmpeg"), ["-nostdin", "-v", "error", "-y"] + arguments)
    try #require(result.status == 0, "ffmpeg \(arguments.joined(separator: " "))")
  }

  /// Frames that ffprobe decodes from the best video stream.
  static func frameCount(_ file: String) throws -> Int {
    let result = try TestData.run(
      URL(fileURLWithPath: "/usr/bin/ffprobe"),
      [
        "-v", "error", "-select_streams", "v:0", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of",
        "default=nokey=1:noprint_wrappers=1", file,
      ])
    let text = String(decoding: result.output, as: UTF8.self)
    return try #require(text.split(whereSeparator: \.isNewline).first.flatMap { Int($0) }, "\(text)")
  }
}
