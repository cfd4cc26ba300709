import EdgepipeCore
import EdgepipePlugins
import Foundation
import PipelineTestSupport

/// A plugin of the tests in a folder of its own, with its manifest.
struct PluginFolder {
  let path: String

  /// Compiles a file of `Plugins/` or of an example, and seals it.
  ///
  /// - Parameter include: the folder with the header.
  init(
    _ source: String = "Tests/EdgepipePluginsTests/Plugins/echo.c", name: String = "echo", include: String = "include",
    options: [String] = [], sealed: Bool = true, needs: String? = nil
  ) throws {
    path = try TestData.temporaryFolder("plugin").path
    try Self.compile([source], to: path + "/lib.so", include: include, ["-shared", "-fPIC"] + options)
    let asked = needs.map { "\"needs\": \($0)," } ?? ""
    try Data(
      """
      {"manifest": 1, "name": "\(name)", "version": "0", "abi": "1.0", "library": "lib.so", "sha256": "", \(asked)
       "licence": "Apache-2.0", "types": [{"type": "test.echo", "role": "transform"}]}
      """.utf8
    ).write(to: URL(fileURLWithPath: path + "/plugin.json"))
    if sealed { _ = try PluginSeal.seal(path) }
  }

  static func compile(_ sources: [String], to target: String, include: String, _ options: [String] = []) throws {
    let root = TestData.packageRoot.path
    let compiler = try ChildProcess(
      "/usr/bin/cc",
      ["-std=gnu11", "-g", "-I\(root)/\(include)", "-o", target] + options + sources.map { "\(root)/\($0)" })
    guard compiler.wait() == .status(0) else { throw PipelineError("cc failed for \(sources)", code: .internalFault) }
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
