import Foundation
import Glibc

/// A file system in memory of a few megabytes, for tests that fill it; needs the right to mount.
final class SmallDisk {
  let folder: String

  static let isAvailable: Bool = (try? SmallDisk(megabytes: 1)) != nil

  init(megabytes: Int) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-disk-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    folder = url.path
    // SAFETY: the texts are terminated and outlive the call.
    guard unsafe mount("tmpfs", folder, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
      unsafe rmdir(folder)
      throw POSIXError(.EPERM)
    }
  }

  deinit {
    // SAFETY: terminated copies of the path.
    unsafe umount2(folder, Int32(MNT_DETACH))
    unsafe rmdir(folder)
  }

  func path(_ name: String) -> String { folder + "/" + name }

  /// Takes all room that is left.
  func fill() {
    // SAFETY: a terminated copy of the path.
    let file = unsafe open(path("ballast"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(file) }
    var size = 1 << 16
    while size >= 1 {
      let block = [UInt8](repeating: 1, count: size)
      // SAFETY: `size` bytes of the array are read.
      if unsafe write(file, block, size) <= 0 { size /= 2 }
    }
  }

  func makeRoom() {
    // SAFETY: a terminated copy of the path.
    unsafe unlink(path("ballast"))
  }
}
