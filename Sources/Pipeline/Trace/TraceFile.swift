import EdgepipeCore
import Glibc

/// A trace's file, read without trusting it: owns its descriptor. Any thread may read at any place.
final class TraceFile: Sendable {
  let path: String
  private let descriptor: Int32
  let size: Int

  /// - Throws: `notFound` when there is no such file, `malformed` when it is no trace or one of another version.
  init(path: String) throws(PipelineError) {
    self.path = path
    var status = stat()
    // The name is looked at before it is opened: opening a FIFO or a device can block or do things.
    // SAFETY: the path is a terminated copy for each call; `status` outlives the calls, which fill it.
    guard unsafe stat(path, &status) == 0 else { throw Self.unreadable(path, TraceOutput.reason(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Self.unreadable(path, "it is not a regular file") }
    let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
    guard opened >= 0 else { throw Self.unreadable(path, TraceOutput.reason(errno)) }
    guard unsafe fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(opened)
      throw Self.unreadable(path, "it is not a regular file")
    }
    descriptor = opened
    size = Int(status.st_size)
    let header = try bytes(at: 0, count: min(size, TraceFormat.headerSize))
    guard header.starts(with: TraceFormat.magic), header.count == TraceFormat.headerSize else {
      throw PipelineError("'\(path)' is not a trace", remedy: "record one with run --record", code: .malformed)
    }
    let version = TraceFormat.number(header[TraceFormat.magic.count...])
    guard version == TraceFormat.version else {
      throw PipelineError(
        "'\(path)' is a trace of version \(version); this program reads version \(TraceFormat.version)",
        remedy: "replay it with the edgepipe that recorded it", code: .unsupported)
    }
  }

  deinit { close(descriptor) }

  private static func unreadable(_ path: String, _ reason: String) -> PipelineError {
    PipelineError("cannot read the trace '\(path)': \(reason)", code: .notFound)
  }

  private func bytes(at offset: Int, count: Int) throws(PipelineError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      // SAFETY: at most as many bytes are written as the array has left.
      let got = unsafe bytes.withUnsafeMutableBytes { buffer in
        guard let base = buffer.baseAddress else { return 0 }
        return unsafe pread(descriptor, base + filled, count - filled, off_t(offset + filled))
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw Self.unreadable(path, got < 0 ? TraceOutput.reason(errno) : "it has been truncated") }
      filled += got
    }
    return bytes
  }

  /// What lies at `offset`.
  struct Entry {
    let kind: TraceKind
    let payload: [UInt8]
    /// Where the next record begins.
    let next: Int
  }

  /// The record at `offset`, or nil where the file ends, be it in the middle of a record.
  ///
  /// - Throws: `malformed` when the record is damaged.
  func entry(at offset: Int) throws(PipelineError) -> Entry? {
    guard size - offset >= TraceFormat.recordHeaderSize else { return nil }
    let header = try bytes(at: offset, count: TraceFormat.recordHeaderSize)
    let length = Int(TraceFormat.number(header[0...]))
    guard length <= TraceFormat.longestPayload else {
      throw damaged(offset, "a record of \(length) bytes exceeds the limit")
    }
    let start = offset + TraceFormat.recordHeaderSize
    guard size - start >= length else { return nil }
    let payload = try bytes(at: start, count: length)
    guard CRC32.checksum(header[8], payload) == TraceFormat.number(header[4...]) else {
      throw damaged(offset, "its checksum is wrong")
    }
    guard let kind = TraceKind(rawValue: header[8]) else {
      throw damaged(offset, "a record is of unknown kind \(header[8])")
    }
    return Entry(kind: kind, payload: payload, next: start + length)
  }

  func damaged(_ offset: Int, _ what: String) -> PipelineError {
    PipelineError(
      "the trace '\(path)' is damaged at byte \(offset): \(what)", remedy: "record again", code: .malformed)
  }
}
