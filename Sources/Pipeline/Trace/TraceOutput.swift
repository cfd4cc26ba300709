import Glibc

/// The file that a trace is written to: owns its descriptor. Used by one thread at a time.
final class TraceOutput: Sendable {
  private let path: String
  private let descriptor: Int32

  /// - Throws: exit 74 with the path and the reason.
  init(path: String) throws(PipelineError) {
    self.path = path
    // SAFETY: the path is a terminated copy for the call.
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0o600)
    guard descriptor >= 0 else {
      throw PipelineError(
        "cannot write the trace '\(path)': \(Self.reason(errno))", remedy: "name a file in a folder that is there",
        exit: .ioError)
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Writes whole records. Of those that do not fit any more, none is left behind in part.
  ///
  /// - Throws: exit 74 with the reason.
  func write(_ records: [UInt8]) throws(PipelineError) {
    var written = 0
    while written < records.count {
      // SAFETY: the bytes from `written` to the array's end are read during the call only.
      let count = unsafe records.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return 0 }
        return unsafe Glibc.write(descriptor, base + written, bytes.count - written)
      }
      if count > 0 {
        written += count
      } else if count == 0 || errno != EINTR {
        let code = count == 0 ? EIO : errno
        takeBack(from: records, written: written)
        throw PipelineError("cannot write the trace '\(path)': \(Self.reason(code))", exit: .ioError)
      }
    }
  }

  /// Cuts off what was written of a record that is not whole.
  private func takeBack(from records: [UInt8], written: Int) {
    let whole = TraceFormat.wholeRecords(records, within: written)
    let end = lseek(descriptor, 0, SEEK_CUR)
    guard written > whole, end >= 0, ftruncate(descriptor, end - off_t(written - whole)) == 0 else { return }
    _ = lseek(descriptor, 0, SEEK_END)
  }

  static func reason(_ code: Int32) -> String {
    // SAFETY: strerror returns a terminated string, which is copied at once.
    unsafe String(cString: strerror(code))
  }
}

extension TraceFormat {
  /// How many of the first `limit` bytes are whole records.
  static func wholeRecords(_ records: [UInt8], within limit: Int) -> Int {
    var end = 0
    while end + recordHeaderSize <= limit {
      let next = end + recordHeaderSize + Int(number(records[end...]))
      if next > limit { break }
      end = next
    }
    return end
  }
}
