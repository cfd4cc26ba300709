package import Glibc

/// Writes files that are there whole or not at all: under another name first, which then takes the place of the old
/// one. Devices and pipes take what comes.
package enum WholeFile {
  /// Writes a file piece by piece, making its folder.
  ///
  /// - Parameters:
  ///   - rights: of the file, where the process's mask allows them.
  ///   - body: calls its argument with each piece.
  /// - Throws: `writeFailed` with the path and the reason; what was there then still is.
  package static func write(
    to path: String, rights: mode_t = usualRights, _ body: ((String) throws -> Void) throws -> Void
  ) throws {
    try write(to: path, rights: rights, bytes: { Array($0.utf8) }, body)
  }

  package static let usualRights: mode_t = 0o644
  /// For secrets.
  package static let ownerAlone: mode_t = 0o600

  /// Writes a file of bytes, making its folder.
  ///
  /// - Throws: as ``write(to:_:)``.
  package static func write(to path: String, bytes: [UInt8]) throws {
    try write(to: path, rights: usualRights, bytes: { $0 }, { try $0(bytes) })
  }

  private static func write<Piece>(
    to path: String, rights: mode_t, bytes: @escaping (Piece) -> [UInt8],
    _ body: ((Piece) throws -> Void) throws -> Void
  ) throws {
    try OutputPath.checkFile(path)
    let place = FilePlace(path)
    if case .other = place { return try write(to: path, descriptor: open(path, named: path, O_WRONLY), bytes, body) }
    try OutputPath.makeParent(of: path)
    // A program that is writing it would go on in a file that has no name any more.
    let held = try OutputFile.existing(path: path)
    defer { withExtendedLifetime(held) {} }
    // A link keeps leading to the file that it led to.
    let target = place.isThere ? resolved(path) : path
    let (folder, name) = FilePlace.split(target)
    let part = "\(folder)/.\(name.prefix(64)).\(getpid())-\(UInt32.random(in: 0 ... .max)).part"
    let descriptor = try open(part, named: path, O_WRONLY | O_CREAT | O_EXCL, rights)
    do {
      try write(to: path, descriptor: descriptor, bytes, body)
      // SAFETY: both paths are terminated copies for the call, here and below.
      guard unsafe rename(part, target) == 0 else { throw OutputPath.failure("write", path, errno: errno) }
    } catch {
      unsafe unlink(part)
      throw error
    }
  }

  /// Writes a new file at once.
  ///
  /// - Parameter name: what errors call it.
  package static func fill(_ path: String, named name: String, with bytes: [UInt8]) throws(PipelineError) {
    let descriptor = try open(path, named: name, O_WRONLY | O_CREAT | O_TRUNC)
    defer { close(descriptor) }
    try put(bytes, into: descriptor, named: name)
  }

  private static func write<Piece>(
    to path: String, descriptor: Int32, _ bytes: @escaping (Piece) -> [UInt8],
    _ body: ((Piece) throws -> Void) throws -> Void
  ) throws {
    var isOpen = true
    defer { if isOpen { close(descriptor) } }
    try body { try put(bytes($0), into: descriptor, named: path) }
    // Some file systems say only now that there was no room.
    isOpen = false
    guard close(descriptor) == 0 || errno == EINTR else { throw OutputPath.failure("write", path, errno: errno) }
  }

  private static func open(
    _ path: String, named name: String, _ flags: Int32, _ rights: mode_t = usualRights
  ) throws(PipelineError) -> Int32 {
    // SAFETY: the path is a terminated copy for the call.
    let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC | O_NOCTTY, rights)
    guard descriptor >= 0 else { throw OutputPath.failure("write", name, errno: errno) }
    return descriptor
  }

  private static func put(_ bytes: [UInt8], into descriptor: Int32, named name: String) throws(PipelineError) {
    if let code = DescriptorWriting.write(bytes, to: descriptor).error {
      throw OutputPath.failure("write", name, errno: code)
    }
  }

  static func resolved(_ path: String) -> String {
    // SAFETY: realpath gives a terminated string of its own, which is copied and freed, or nil.
    guard let real = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }
}

extension FilePlace {
  fileprivate var isThere: Bool { if case .file = self { true } else { false } }
}
