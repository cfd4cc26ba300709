import Foundation
import Pipeline

/// A file that only ever holds whole lines: owns its descriptor, writes each line with one call, and takes back what
/// a failed write left behind. Used by one thread.
final class LineFile {
  /// How it is opened.
  enum Mode: Sendable {
    /// What was there is lost.
    case replace
    /// Lines are added after those that are there; an unfinished last line is cut off first.
    case append
  }

  /// No line is longer than this; a longer tail without a newline means that the file is not one of lines.
  static let longestTail = 16 << 20

  let path: String
  /// Bytes of an unfinished last line that were cut off when the file was opened.
  private(set) var repairedBytes = 0
  private let descriptor: Int32
  private let isOwned: Bool
  /// Only regular files can be cut.
  private let isRegular: Bool
  /// Everything up to here is whole lines.
  private var committed: Int64 = 0

  /// Opens `path`, `-` and `/dev/stdout` being standard output.
  ///
  /// - Throws: exit 74 with the path and the reason, also when another sink writes the same file.
  init(path: String, mode: Mode) throws(PipelineError) {
    self.path = path
    if let standard = StandardDescriptors.output(named: path) {
      guard StandardDescriptors.canWrite(standard) else {
        throw PipelineError(
          "cannot write '\(path)': standard \(standard == STDOUT_FILENO ? "output" : "error") is closed",
          remedy: "give it a file, a pipe or /dev/null, or give the sink another path", exit: .ioError)
      }
      descriptor = standard
      isOwned = false
      isRegular = false
      return
    }
    // A pipe that its writer reads as well never learns that its reader has gone.
    let access = Self.isPipe(path) ? O_WRONLY : O_RDWR | O_CREAT
    // SAFETY: the path is a terminated copy for the call.
    let opened = unsafe open(path, access | O_CLOEXEC, 0o644)
    if opened >= 0 {
      descriptor = opened
    } else if errno == EACCES {
      // Write-only places, such as some devices.
      descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
    } else {
      descriptor = -1
    }
    guard descriptor >= 0 else { throw OutputPath.failure("open", path, errno: errno) }
    isOwned = true
    var status = stat()
    // SAFETY: `status` outlives the call, which fills one stat.
    isRegular = unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    guard isRegular else { return }
    // Two writers would cut each other's lines. File systems without locks answer with other codes.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw PipelineError(
        "cannot write '\(path)': another sink or program is writing it", remedy: "give each sink its own path",
        exit: .ioError)
    }
    switch mode {
    case .replace: try cut(to: 0)
    case .append: try repairTail(size: Int64(status.st_size))
    }
  }

  deinit { if isOwned && descriptor >= 0 { close(descriptor) } }

  /// Writes `line`, which ends with a newline.
  ///
  /// - Throws: exit 74, or 141 when standard output's reader has gone; a part of the line that was written is taken back
  ///   where the file allows it.
  func write(_ line: [UInt8]) throws(PipelineError) {
    let (written, code) = DescriptorWriting.write(line, to: descriptor)
    guard let code else { return committed += Int64(line.count) }
    if isRegular && written > 0 { try? cut(to: committed) }
    guard code == EPIPE else { throw OutputPath.failure("write", path, errno: code) }
    throw PipelineError(
      "the reader of '\(path)' has gone", exit: descriptor == STDOUT_FILENO ? .readerGone : .ioError)
  }

  private static func isPipe(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: the path is a terminated copy for the call, and `status` outlives it.
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  private func cut(to length: Int64) throws(PipelineError) {
    guard ftruncate(descriptor, off_t(length)) == 0, lseek(descriptor, off_t(length), SEEK_SET) >= 0 else {
      throw OutputPath.failure("cut", path, errno: errno)
    }
    committed = length
  }

  /// Cuts the file after its last newline.
  private func repairTail(size: Int64) throws(PipelineError) {
    var end = size
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while end > 0 {
      let start = max(0, end - Int64(chunk.count))
      // SAFETY: at most `chunk.count` bytes are written into the array.
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe pread(descriptor, $0.baseAddress, Int(end - start), off_t(start))
      }
      guard count == Int(end - start) else { throw OutputPath.failure("read", path, errno: count < 0 ? errno : EIO) }
      if let newline = chunk[..<count].lastIndex(of: 0x0A) {
        end = start + Int64(newline) + 1
        break
      }
      end = start
      guard size - end <= Self.longestTail else {
        throw PipelineError(
          "cannot append to '\(path)': its last \(size - end) bytes hold no line end, so it is no file of lines",
          remedy: "choose another path", exit: .ioError)
      }
    }
    repairedBytes = Int(size - end)
    try cut(to: end)
  }
}
