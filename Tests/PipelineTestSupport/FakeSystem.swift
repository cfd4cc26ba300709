package import Foundation

@testable package import EdgepipeCore

/// A folder that stands for `/`, removed with this object and the last of its trees.
package final class FakeSystem: Sendable {
  package let folder: URL

  package init(_ files: [String: String] = [:]) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-system-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (path, text) in files { try write(text, to: path) }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  package var tree: SystemTree { tree(denying: []) }

  /// The same tree for a user who may not read files of these names. (Tests may run as root, who may read everything.)
  package func tree(denying names: Set<String>) -> SystemTree {
    SystemTree(root: folder.path) { [self] path throws(SystemTree.Failure) in
      // The folder lives as long as the tree.
      withExtendedLifetime(self) {}
      if names.contains(URL(fileURLWithPath: path).lastPathComponent) { throw .denied }
      return try SystemTree.contents(path)
    }
  }

  package func write(_ text: String, to path: String) throws {
    let file = folder.appendingPathComponent(path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try (text + "\n").write(to: file, atomically: true, encoding: .utf8)
  }
}
