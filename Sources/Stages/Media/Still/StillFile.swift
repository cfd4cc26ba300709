import Foundation
import Pipeline

/// Looks at those picture files as a whole that FFmpeg hands out in parts, so that no packet shows where they end.
enum StillFile {
  static func isWhole(_ path: BytePath) -> Bool {
    guard let file = path.openForReading() else { return true }
    defer { withExtendedLifetime(file) {} }
    // Foundation opens only names that are text; this one is, whatever bytes the file's own name has.
    let name = URL(fileURLWithPath: "/proc/self/fd/\(file.fileDescriptor)")
    guard let data = try? Data(contentsOf: name, options: .mappedIfSafe) else { return true }
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
