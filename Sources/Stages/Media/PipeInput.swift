import CFFmpeg
import EdgepipeCore
import Glibc
import Synchronization

/// Reads a pipe for FFmpeg: owns one descriptor and one AVIOContext. Used by one thread.
///
/// FFmpeg's own reader of pipes blocks without asking anyone: a run could not end while the writer is silent. Here the
/// writer waits when nobody reads, and nothing is dropped.
@safe final class PipeInput {
  private let descriptor: Int32
  private let guardian: ReadGuard
  private var io: UnsafeMutablePointer<AVIOContext>?
  /// The first bytes that came, to say what they look like.
  private(set) var head: [UInt8] = []

  static let headSize = 4096
  /// As much as the system's pipes hold.
  private static let bufferSize = 65_536
  /// Between two looks whether the run is ending, in milliseconds.
  private static let patience: Int32 = 100
  /// Standard input has been taken: what was read of it cannot be read again.
  private static let isStandardInputTaken = Atomic(false)

  /// - Parameter path: a named pipe, or nil for standard input.
  /// - Throws: ``PipelineError`` with `endStream`.
  init(_ path: BytePath?, guardian: ReadGuard) throws(PipelineError) {
    descriptor = try Self.open(path)
    self.guardian = guardian
    guard let buffer = unsafe av_malloc(Self.bufferSize) else {
      close(descriptor)
      throw .outOfMemory("a pipe")
    }
    // SAFETY: the context takes the buffer over; the object that the callback is given owns the context.
    unsafe io = avio_alloc_context(
      buffer.assumingMemoryBound(to: UInt8.self), Int32(Self.bufferSize), 0, Unmanaged.passUnretained(self).toOpaque(),
      Self.read, nil, nil)
    if unsafe io == nil {
      unsafe av_free(buffer)
      close(descriptor)
      throw .outOfMemory("a pipe")
    }
  }

  deinit {
    // SAFETY: the context and the buffer that it has now are freed here alone; its reader is closed.
    unsafe av_freep(&io.unsafelyUnwrapped.pointee.buffer)
    unsafe avio_context_free(&io)
    close(descriptor)
  }

  /// The context reads through this object, which must outlive it.
  func attach(to context: UnsafeMutablePointer<AVFormatContext>?) { unsafe context?.pointee.pb = io }

  private static func open(_ path: BytePath?) throws(PipelineError) -> Int32 {
    guard let path else {
      guard !isStandardInputTaken.exchange(true, ordering: .relaxed) else {
        throw PipelineError(
          "standard input has already been read", remedy: "use a file for an input that is read twice",
          consequence: .endStream, code: .notFound)
      }
      let copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
      guard copy >= 0 else { throw FileStatus.failure(BytePath("standard input"), errno) }
      return copy
    }
    // Without O_NONBLOCK opening would wait for a writer, and nobody could end the run meanwhile.
    // SAFETY: the path is lent for the time of the call.
    let (opened, code) = unsafe path.withCString { path in
      let opened = unsafe Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
      return (opened, errno)
    }
    guard opened >= 0 else { throw FileStatus.failure(path, code) }
    return opened
  }

  private static let read:
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, Int32
    ) -> Int32 = { opaque, buffer, size in
      guard let opaque = unsafe opaque, let buffer = unsafe buffer, size > 0 else { return ep_error_from_errno(EINVAL) }
      // SAFETY: the pointer is the object that owns the context which calls; the buffer has `size` bytes.
      return unsafe Unmanaged<PipeInput>.fromOpaque(opaque).takeUnretainedValue()
        .read(into: UnsafeMutableRawBufferPointer(start: buffer, count: Int(size)))
    }

  /// Waits for bytes until there are some, the writers have gone or the run ends.
  private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int32 {
    while !guardian.isStopping, !guardian.hasTimedOut {
      var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      // SAFETY: one entry, which outlives the call.
      let ready = unsafe poll(&event, 1, Self.patience)
      if ready == 0 || ready < 0 && errno == EINTR { continue }
      // SAFETY: the buffer is valid during the call and has `count` bytes.
      let got = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if got < 0, errno == EINTR || errno == EAGAIN { continue }
      guard got != 0 else { return ep_error_eof() }
      guard got > 0 else { return ep_error_from_errno(errno) }
      if head.count < Self.headSize { unsafe head += buffer.prefix(min(got, Self.headSize - head.count)) }
      return Int32(got)
    }
    return ep_error_exit()
  }
}
