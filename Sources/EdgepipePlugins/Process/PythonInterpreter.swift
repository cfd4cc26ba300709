import EdgepipeCore
package import EdgepipePluginHost
import Foundation

/// The interpreter of plugins in Python: where it is, and what it has to read.
package struct PythonInterpreter: Sendable, Hashable {
  /// Another one than `python3` of the path.
  package static let variable = "EDGEPIPE_PYTHON"

  private let executable: String
  private let folders: [String]

  /// Asks the interpreter itself, which may be the script of a version manager or belong to a virtual environment.
  package init(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws(PluginFailure) {
    let name = environment[Self.variable] ?? "python3"
    let failure = PluginFailure(
      .stopPipeline, "no Python is found by the name '\(name)'",
      remedy: "install python3, or name another one with \(Self.variable)", code: .unavailable)
    guard let path = Self.path(of: name, environment) else { throw failure }
    let question = """
      import json, os, sys
      print(json.dumps([sys.executable, sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.realpath(sys.executable)]
      + [p for p in sys.path if p]))
      """
    do {
      let output = try MemoryFile(Data())
      let child = try ChildProcess(
        path, ["-I", "-c", question], output: .file(output.url.path), errors: .nothing)
      guard child.wait() == .status(0) else { throw failure }
      let texts = try JSONDecoder().decode([String].self, from: Data(output.text.utf8))
      guard let first = texts.first, !first.isEmpty else { throw failure }
      executable = first
      folders = Array(texts.dropFirst())
    } catch {
      throw failure
    }
  }

  private static func path(of name: String, _ environment: [String: String]) -> String? {
    if name.contains("/") { return FileManager.default.isExecutableFile(atPath: name) ? name : nil }
    let folders = (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Has a plugin's process become this interpreter.
  package func prepare(_ launch: inout PluginLaunch) {
    launch.interpreter = [
      executable, "-I", "-B", "-c", String(decoding: PackageResources.edgepipe_stage_py, as: UTF8.self),
    ]
    launch.policy.mayBecomeProgram = true
    launch.policy.readable += folders
  }
}
