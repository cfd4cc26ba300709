import EdgepipeCore
import Foundation

/// A file that only ever holds whole lines: writes each line with one call, and takes back what
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
  /// Nil for standard output.
  private let file: OutputFile?
  private let descriptor: Int32
  /// Everything up to here is whole lines.
  private var committed: Int64 = 0

  /// Opens `path`, `-` and `/dev/stdout` being standard output.
  ///
  /// - Parameter held: the file, where it was opened before.
  /// - Throws: `writeFailed` with the path and the reason, also when another sink writes the same file.
  init(path: String, mode: Mode, held: OutputFile? = nil) throws(PipelineError) {
    self.path = path
    if let standard = StandardDescriptors.output(named: path) {
      guard StandardDescriptors.canWrite(standard) else {
        throw PipelineError(
          "cannot write '\(path)': standard \(standard == STDOUT_FILENO ? "output" : "error") is closed",
          remedy: "redirect it to a file, a pipe or /dev/null, or give the sink another path", code: .writeFailed)
      }
      file = nil
      descriptor = standard
      return
    }
    let file = if let held { held } else { try OutputFile(path: path) }
    self.file = file
    descriptor = file.descriptor
    guard file.isRegular else { return }
    switch mode {
    case .replace: try cut(to: 0)
    case .append: try repairTail(size: file.size)
    }
  }

  /// Writes `line`, which ends with a newline.
  ///
  /// - Throws: `writeFailed`, or `outputClosed` when standard output's reader has gone; a part of the line that was
  ///   written is taken back where the file allows it.
  func write(_ line: [UInt8]) throws(PipelineError) {
    let (written, code) = DescriptorWriting.write(line, to: descriptor)
    guard let code else { return committed += Int64(line.count) }
    if file?.isRegular == true, written > 0 { try? cut(to: committed) }
    guard code == EPIPE else { throw OutputPath.failure("write", path, errno: code) }
    throw PipelineError(
      "the reader of '\(path)' has ended", code: descriptor == STDOUT_FILENO ? .outputClosed : .writeFailed)
  }

  private func cut(to length: Int64) throws(PipelineError) {
    try file?.cut(to: length)
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
          "cannot append to '\(path)': its last \(size - end) bytes contain no line end, so it is not a file of lines",
          remedy: "choose another path", code: .writeFailed)
      }
    }
    repairedBytes = Int(size - end)
    try cut(to: end)
  }
}
