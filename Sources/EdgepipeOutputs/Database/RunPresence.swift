import EdgepipeCore
import Glibc

/// Which of the runs that a database knows go on: each holds a lock on a byte of a file beside it, at its run's number,
/// and the system lets go of it however the run ends. Byte 0 belongs to whoever makes or changes the tables.
///
/// The locks belong to the open file (OFD), so they work between two sinks of one process as well, and nothing is locked of
/// the database itself, whose locks SQLite would lose when its file is closed.
final class RunPresence: Sendable {
  let path: String
  private let descriptor: Int32

  /// Linux's F_OFD_GETLK and F_OFD_SETLK, which Swift does not import.
  private static let (getLock, setLock): (Int32, Int32) = (36, 37)
  /// How often another process is asked for, a hundredth of a second apart, before SQLite's own locks must do.
  private static let attempts = 200

  /// - Parameter path: that of the database.
  init(database path: String) throws(PipelineError) {
    self.path = path + "-runs"
    // SAFETY: the path is a terminated copy for the call.
    descriptor = unsafe open(self.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o644)
    guard descriptor >= 0 else { throw OutputPath.failure("open", self.path, errno: errno) }
  }

  deinit { close(descriptor) }

  /// Runs `body` while no other process makes tables.
  func alone<Result>(_ body: () throws -> Result) rethrows -> Result {
    var wish = Self.lock(F_WRLCK, at: 0)
    for _ in 0..<Self.attempts {
      // SAFETY: `wish` outlives the call, here and below. Where the file system has no locks, SQLite's must do.
      if unsafe fcntl(descriptor, Self.setLock, &wish) == 0 || ![EAGAIN, EACCES, EINTR].contains(errno) { break }
      usleep(10_000)
    }
    defer { release(0) }
    return try body()
  }

  /// Says that the run goes on.
  func hold(_ run: Int64) {
    var wish = Self.lock(F_WRLCK, at: run)
    _ = unsafe fcntl(descriptor, Self.setLock, &wish)
  }

  func release(_ run: Int64) {
    var wish = Self.lock(F_UNLCK, at: run)
    _ = unsafe fcntl(descriptor, Self.setLock, &wish)
  }

  /// Whether the run goes on elsewhere; where that cannot be told, it does.
  func isHeld(_ run: Int64) -> Bool {
    var found = Self.lock(F_WRLCK, at: run)
    return unsafe fcntl(descriptor, Self.getLock, &found) != 0 || found.l_type != Int16(F_UNLCK)
  }

  private static func lock(_ type: Int32, at byte: Int64) -> flock {
    var lock = flock()
    lock.l_type = Int16(type)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = off_t(byte)
    lock.l_len = 1
    return lock
  }
}
