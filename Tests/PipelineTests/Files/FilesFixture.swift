import Foundation
import PipelineTestSupport

@testable import Pipeline

/// A folder of its own for one test, removed with it.
final class FilesFixture {
  let folder: URL

  init() throws { folder = try TestData.temporaryFolder("files") }
  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.path + "/" + name }

  @discardableResult
  func file(_ name: String, _ text: String = "mine") throws -> String {
    try text.write(toFile: path(name), atomically: false, encoding: .utf8)
    return path(name)
  }

  func folder(_ name: String) throws -> String {
    try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    return path(name)
  }

  func link(_ name: String, to target: String) throws -> String {
    try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: target)
    return path(name)
  }

  func hardLink(_ name: String, to target: String) throws -> String {
    try FileManager.default.linkItem(atPath: path(target), toPath: path(name))
    return path(name)
  }

  func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  /// Everything in the folder, hidden files included.
  func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
}

/// Another program that holds the lock on a file until it is let go.
final class OtherWriter {
  static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/bin/flock")
  private let process = Process(), input = Pipe(), output = Pipe()
  var id: Int32 { process.processIdentifier }

  init(_ path: String) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
    // The shell says that it has the lock, then waits for the end of its input.
    process.arguments = ["--no-fork", path, "sh", "-c", "echo held; exec cat"]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    _ = output.fileHandleForReading.availableData
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}
