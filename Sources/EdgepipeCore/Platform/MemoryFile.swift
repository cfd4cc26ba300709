import CPlatform
package import Foundation

/// A file that lies in no folder: code that reads files gets it by a path, and nothing is left of it however the
/// process ends.
package final class MemoryFile: Sendable {
  private let descriptor: Int32

  /// For this process alone, while the object lives.
  package var url: URL { URL(fileURLWithPath: "/proc/self/fd/\(descriptor)") }

  /// What it holds now, as text.
  package var text: String { String(decoding: FileManager.default.contents(atPath: url.path) ?? Data(), as: UTF8.self) }

  /// - Throws: ``PipelineError`` (`writeFailed`) when the system gives no memory for it.
  package init(_ contents: Data) throws(PipelineError) {
    // SAFETY: the name is a NUL-terminated literal, copied by the system.
    let opened = unsafe ep_memory_file("edgepipe")
    guard opened >= 0 else { throw Self.refused(POSIXError(.init(rawValue: -opened) ?? .EIO)) }
    do {
      try FileHandle(fileDescriptor: opened, closeOnDealloc: false).write(contentsOf: contents)
    } catch {
      close(opened)
      throw Self.refused(error)
    }
    descriptor = opened
  }

  deinit { close(descriptor) }

  private static func refused(_ error: any Error) -> PipelineError {
    PipelineError("cannot allocate memory for a file: \(error.localizedDescription)", code: .writeFailed)
  }
}
