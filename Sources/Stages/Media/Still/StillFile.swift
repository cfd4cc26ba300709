import Foundation

/// Looks at those picture files as a whole that FFmpeg hands out in parts, so that no packet shows where they end.
enum StillFile {
  /// In bytes: what is larger is no picture that is decoded.
  private static let largest = 1 << 30

  static func isWhole(_ path: BytePath) -> Bool {
    guard let file = path.openForReading() else { return true }
    defer { withExtendedLifetime(file) {} }
    let head = [UInt8]((try? file.read(upToCount: 4096)) ?? Data())
    switch PictureKind(head.span) {
    case .gif, .png, .heic, .avif: break
    default: return true
    }
    guard let size = FileStatus(descriptor: file.fileDescriptor)?.size, size <= largest else { return true }
    // Foundation opens only names that are text; this one is, whatever bytes the file's own name has.
    let name = URL(fileURLWithPath: "/proc/self/fd/\(file.fileDescriptor)")
    guard let data = try? Data(contentsOf: name) else { return true }
    return unsafe data.withUnsafeBytes { raw in
      // SAFETY: bytes of any content; the memory lives during the closure.
      let bytes = unsafe raw.bindMemory(to: UInt8.self).span
      switch PictureKind(bytes) {
      case .gif, .png, .heic, .avif: return StillFacts(bytes)?.isWhole ?? true
      default: return true
      }
    }
  }
}
