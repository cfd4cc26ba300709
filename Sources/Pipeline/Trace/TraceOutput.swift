import EdgepipeCore
import Glibc
import Synchronization

/// The file that a trace is written to, by nobody else. Used by one thread at a time.
final class TraceOutput: Sendable {
  private let path: String
  /// Before the first record: the file where it is there already, so that nobody else takes it.
  private let held: OutputFile?
  private let opened = Mutex<OutputFile?>(nil)

  /// Makes nothing yet, and leaves what is there as it is.
  ///
  /// - Throws: `writeFailed` with the path and the reason.
  init(path: String) throws(PipelineError) {
    self.path = path
    try OutputPath.checkFile(path)
    held = try OutputFile.existing(path: path)
  }

  /// A device or a pipe: nothing new is left by writing to it, so that it can be tried at once.
  var isThereToStay: Bool { FilePlace(path) == .other }

  /// Writes whole records. Of those that do not fit any more, none is left behind in part.
  ///
  /// - Throws: `writeFailed` with the reason.
  func write(_ records: [UInt8]) throws(PipelineError) {
    let file = try open()
    var written = 0
    while written < records.count {
      // SAFETY: the bytes from `written` to the array's end are read during the call only.
      let count = unsafe records.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return 0 }
        return unsafe Glibc.write(file.descriptor, base + written, bytes.count - written)
      }
      if count > 0 {
        written += count
      } else if count == 0 || errno != EINTR {
        let code = count == 0 ? EIO : errno
        takeBack(from: records, written: written, file.descriptor)
        throw OutputPath.failure("write the trace", path, errno: code)
      }
    }
  }

  /// The file, which replaces an older one now that there is something to write. Only its owner may read it.
  private func open() throws(PipelineError) -> OutputFile {
    if let file = opened.withLock({ $0 }) { return file }
    let file = if let held { held } else { try OutputFile(path: path, rights: 0o600) }
    if file.isRegular { try file.cut(to: 0) }
    opened.withLock { $0 = file }
    return file
  }

  /// Cuts off what was written of a record that is not whole.
  private func takeBack(from records: [UInt8], written: Int, _ descriptor: Int32) {
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
