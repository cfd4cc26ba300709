import Glibc

/// A file without a name, for what has to wait until something else is written: the system removes it when the process
/// ends, whatever ends it. Used by one thread.
package final class ScratchFile {
  private let file: OutputFile
  private let path: String
  private var buffer: [UInt8] = []

  private static let chunk = 1 << 16

  /// - Parameter path: the file that it is for: it lies on the same disk.
  /// - Throws: `writeFailed`.
  package init(beside path: String) throws(PipelineError) {
    self.path = path
    let (folder, name) = FilePlace.split(path)
    let scratch = "\(folder)/.\(name.prefix(64)).\(getpid())-\(UInt32.random(in: 0 ... .max)).scratch"
    file = try OutputFile(path: scratch, rights: 0o600)
    // SAFETY: a terminated copy of the path.
    unsafe unlink(scratch)
  }

  /// - Throws: `writeFailed`.
  package func write(_ bytes: [UInt8]) throws(PipelineError) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.chunk { try flush() }
  }

  /// Gives everything that was written, piece by piece.
  package func read(_ body: ([UInt8]) throws(PipelineError) -> Void) throws(PipelineError) {
    try flush()
    var chunk = [UInt8](repeating: 0, count: Self.chunk)
    var offset: off_t = 0
    while true {
      // SAFETY: at most the array's bytes are written.
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe pread(file.descriptor, $0.baseAddress, $0.count, offset)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw OutputPath.failure("read", path, errno: errno) }
      if count == 0 { return }
      offset += off_t(count)
      try body(Array(chunk[..<count]))
    }
  }

  private func flush() throws(PipelineError) {
    if buffer.isEmpty { return }
    let code = DescriptorWriting.write(buffer, to: file.descriptor).error
    buffer.removeAll(keepingCapacity: true)
    if let code { throw OutputPath.failure("write", path, errno: code) }
  }
}
