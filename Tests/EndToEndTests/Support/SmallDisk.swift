import Foundation
import PipelineTestSupport
import Testing

/// A file system with little room, for what happens when it is full; gone with this object.
final class SmallDisk {
  private let path: String
  private let bytes: Int

  static let isPossible: Bool = {
    guard geteuid() == 0, let space = try? Workspace(), (try? SmallDisk(space.path("disk"), megabytes: 1)) != nil else {
      return false
    }
    return true
  }()

  init(_ path: String, megabytes: Int) throws {
    self.path = path
    bytes = megabytes << 20
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let result = try TestData.run(
      URL(fileURLWithPath: "/usr/bin/mount"), ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path])
    try #require(result.status == 0)
  }

  func fill(leaving rest: Int) throws { try Data(count: bytes - rest).write(to: URL(fileURLWithPath: path + "/other")) }
  func empty() throws { try FileManager.default.removeItem(atPath: path + "/other") }

  deinit { _ = try? TestData.run(URL(fileURLWithPath: "/usr/bin/umount"), ["-l", path]) }
}
