import CPlatform
import Glibc

/// Memory that the program and the process of a plugin both see. It belongs to no folder and goes with its last user.
@safe package final class SharedMemory: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): the mapping never moves; who writes and who reads which part of it when is for the callers,
  // and bytes that another process changes meanwhile are taken as they come.

  package enum Failure: Error, Hashable {
    /// The system's error number.
    case system(Int32)
    /// The descriptor has no memory of that size.
    case missing
  }

  package enum Use: UInt32, Sendable {
    /// The program writes, the plugin can only read.
    case pictures = 1
    /// The plugin writes and the program reads.
    case answers = 2
  }

  /// Where every plane begins, and the end of each part: a multiple of the cache line and of the widest vectors.
  package static let alignment = 64

  package let descriptor: Int32
  package let byteCount: Int
  package let use: Use
  /// The first byte: mapped as long as the object lives.
  package let start: UnsafeMutableRawPointer

  // Seals of fcntl(2).
  private static let seal: Int32 = 1
  private static let sealShrink: Int32 = 2
  private static let sealGrow: Int32 = 4
  private static let sealFutureWrite: Int32 = 16

  /// Makes it. Its size is sealed, so that no access can fall behind its end; and no other process can make a writable
  /// mapping of what the program writes.
  ///
  /// - Throws: ``Failure``.
  package init(_ use: Use, byteCount: Int) throws(Failure) {
    // SAFETY: the name is a NUL-terminated literal, copied by the system.
    let opened = unsafe ep_sealable_memory("edgepipe-plugin")
    guard opened >= 0 else { throw .system(-opened) }
    var mapped: UnsafeMutableRawPointer?
    var code = ftruncate(opened, off_t(byteCount)) == 0 ? 0 : errno
    // Memory that is promised but not there ends a program at its first touch; asked for now, it is an error.
    if code == 0, use == .pictures { code = posix_fallocate(opened, 0, off_t(byteCount)) }
    if code == 0 {
      unsafe mapped = Self.map(opened, byteCount, use, isMaker: true)
      if unsafe mapped == nil { code = errno }
    }
    if code == 0 {
      // Kernels older than 5.1 do not know the last seal; the plugin could then write into the program's copy.
      let size = Self.seal | Self.sealShrink | Self.sealGrow
      if use == .answers || ep_add_seals(opened, size | Self.sealFutureWrite) != 0 {
        code = -ep_add_seals(opened, size)
      }
    }
    guard code == 0, let mapped = unsafe mapped else {
      if let mapped = unsafe mapped { unsafe munmap(mapped, byteCount) }
      close(opened)
      throw .system(code)
    }
    unsafe start = mapped
    descriptor = opened
    self.byteCount = byteCount
    self.use = use
  }

  /// Maps what the other side has made.
  ///
  /// - Parameter descriptor: is taken over.
  package init(opening descriptor: Int32, _ use: Use, byteCount: Int) throws(Failure) {
    var facts = stat()
    // SAFETY: `facts` outlives the call.
    guard unsafe fstat(descriptor, &facts) == 0, byteCount > 0, Int(facts.st_size) >= byteCount else {
      close(descriptor)
      throw .missing
    }
    guard let mapped = unsafe Self.map(descriptor, byteCount, use, isMaker: false) else {
      close(descriptor)
      throw .system(errno)
    }
    unsafe start = mapped
    self.descriptor = descriptor
    self.byteCount = byteCount
    self.use = use
  }

  deinit {
    // SAFETY: nothing refers to the mapping once the object is gone.
    unsafe munmap(start, byteCount)
    close(descriptor)
  }

  /// - Returns: nil with the error number set.
  private static func map(_ descriptor: Int32, _ byteCount: Int, _ use: Use, isMaker: Bool) -> UnsafeMutableRawPointer?
  {
    let access = isMaker == (use == .pictures) ? PROT_READ | PROT_WRITE : PROT_READ
    // What is there already is mapped at once, so that the first frames do not pay for it. Memory for answers is larger than
    // most plugins need, and comes into being where it is touched.
    let isThere = use == .pictures
    let start = unsafe mmap(
      nil, byteCount, access, isThere ? MAP_SHARED | MAP_POPULATE : MAP_SHARED, descriptor, 0)
    return unsafe start == MAP_FAILED ? nil : start
  }
}

extension SharedMemory {
  /// How many pictures lie in it at once: that of the call at hand and that of the one before or after it.
  package static let slots = 2

  package var slotBytes: Int { byteCount / Self.slots & ~(Self.alignment - 1) }

  /// Where the picture of a call begins.
  package func slot(of call: UInt64) -> Int { Int(call % UInt64(Self.slots)) * slotBytes }
}
