package import Foundation

/// A folder of its own for one test, removed with it.
package final class FilesFixture {
  package let folder: URL

  package init() throws { folder = try TestData.temporaryFolder("files") }
  deinit { try? FileManager.default.removeItem(at: folder) }

  package func path(_ name: String) -> String { folder.path + "/" + name }

  @discardableResult
  package func file(_ name: String, _ text: String = "mine") throws -> String {
    try text.write(toFile: path(name), atomically: false, encoding: .utf8)
    return path(name)
  }

  package func folder(_ name: String) throws -> String {
    try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    return path(name)
  }

  package func link(_ name: String, to target: String) throws -> String {
    try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: target)
    return path(name)
  }

  package func hardLink(_ name: String, to target: String) throws -> String {
    try FileManager.default.linkItem(atPath: path(target), toPath: path(name))
    return path(name)
  }

  package func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  /// Everything in the folder, hidden files included.
  package func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
}
