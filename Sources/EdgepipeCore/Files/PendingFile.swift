import Glibc

/// A file that is written over a long time and is there whole or not at all: it grows as `.NAME.part` beside its place,
/// and takes the place of the old one with ``commit()``. Used by one thread.
///
/// One that was not committed removes what it wrote; one whose process was killed leaves the `.part`, which the next one
/// writes over. Devices and pipes take what comes.
package final class PendingFile {
  package let path: String
  private let file: OutputFile
  /// Nil for what is written in its place.
  private let part: String?
  private let target: String
  /// What was there before: nobody else may write it meanwhile.
  private let held: OutputFile?
  private var buffer: [UInt8] = []
  private var isCommitted = false

  /// Bytes that are collected before they are written.
  private static let chunk = 1 << 16

  /// Begins the file, making its folder.
  ///
  /// - Parameter held: the file that is there, where it was opened before.
  /// - Throws: `writeFailed` with the path and the reason, also when another sink or program writes it.
  package init(path: String, held: OutputFile? = nil) throws(PipelineError) {
    self.path = path
    try OutputPath.checkFile(path)
    try OutputPath.makeParent(of: path)
    let place = FilePlace(path)
    if case .other = place {
      (self.held, part, target) = (nil, nil, path)
      file = try OutputFile(path: path)
      return
    }
    self.held = if let held { held } else { try OutputFile.existing(path: path) }
    // A link keeps leading to the file that it led to.
    target = if case .file = place { WholeFile.resolved(path) } else { path }
    let (folder, name) = FilePlace.split(target)
    let part = "\(folder)/.\(name).part"
    self.part = part
    file = try OutputFile(path: part)
    try file.cut(to: 0)
    buffer.reserveCapacity(Self.chunk)
  }

  deinit {
    // SAFETY: a terminated copy of the path.
    if let part, !isCommitted { unsafe unlink(part) }
  }

  /// - Throws: `writeFailed`.
  package func write(_ bytes: [UInt8]) throws(PipelineError) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.chunk { try flush() }
  }

  /// Puts the file into its place; nothing may be written after that.
  ///
  /// - Throws: `writeFailed`; what was there then still is.
  package func commit() throws(PipelineError) {
    try flush()
    guard let part else { return }
    // A name must not lead to a file whose bytes did not reach the disk.
    guard fsync(file.descriptor) == 0 else { throw OutputPath.failure("write", path, errno: errno) }
    // SAFETY: both paths are terminated copies for the call.
    guard unsafe rename(part, target) == 0 else { throw OutputPath.failure("write", path, errno: errno) }
    isCommitted = true
  }

  private func flush() throws(PipelineError) {
    if buffer.isEmpty { return }
    let code = DescriptorWriting.write(buffer, to: file.descriptor).error
    buffer.removeAll(keepingCapacity: true)
    if let code { throw OutputPath.failure("write", path, errno: code) }
  }
}
