import CPlatform
import EdgepipeCore
import Foundation
import Glibc
import Synchronization

/// How much epsilon has been spent, on the disk: what was spent stays spent, whatever is restarted, copied or set back.
///
/// - A restart: what is spent is on the disk before anything is released.
/// - A crash while it is written: two records take turns, and the one that is whole and later counts.
/// - A copy: a file that is not the one that was made, or not on this machine, is refused. One that an older copy was written over is
///   found by the number of its last record, which the file system keeps beside it (an extended attribute).
/// - The clock: a period ends by the time since boot, which nobody can set; time for which the machine was off does not count.
///
/// Whoever may write the file can delete it: then a new one is begun. This protects from accidents, not from its owner.
final class PrivacyBudget: Sendable {
  struct Rules: Sendable, Hashable {
    /// Of epsilon, for each period.
    var millionths: UInt64
    var periodS: Double
  }

  /// What must not depend on clocks that can be set.
  struct Place: Sendable {
    /// Of this boot of this machine.
    var boot: String
    var machine: String
    /// Seconds since boot, suspended time included.
    var secondsSinceBoot: @Sendable () -> Double
  }

  private struct Header: Codable {
    var format = 1
    var inode: UInt64
    var machine: String
  }

  struct Record: Codable, Sendable, Hashable {
    var number = 0
    /// In this period, in millionths.
    var spent: UInt64 = 0
    /// Since the period began.
    var elapsedS = 0.0
    var boot: String
    var bootS: Double
  }

  private static let slotBytes = 512
  private static let lockAttempts = 100
  private static let lockPauseUS: UInt32 = 10_000
  private static let attribute = "user.edgepipe.record"

  private let path: String
  private let rules: Rules
  private let place: Place
  private let descriptor: Int32
  private let state: Mutex<Record>

  /// Opens the file, or begins a new one.
  ///
  /// - Throws: ``PipelineError``: another run has it, it is a copy or damaged, or it cannot be written.
  init(path: String, rules: Rules, place: Place) throws {
    (self.path, self.rules, self.place) = (path, rules, place)
    // SAFETY: the path is a terminated copy for the call.
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw Self.failure("open", path, errno) }
    do {
      guard Self.lock(descriptor) else {
        throw PipelineError(
          "the privacy budget '\(path)' is in use by another run", remedy: "give each pipeline its own",
          code: .unavailable)
      }
      let record = try Self.read(descriptor, path, place)
      state = Mutex(record)
    } catch {
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
    try state.withLock { record in
      pass(&record)
      try write(&record)
    }
  }

  deinit { close(descriptor) }

  /// A program that was started at the moment in which another holder let go has the lock until it has begun.
  private static func lock(_ descriptor: Int32) -> Bool {
    for _ in 0..<lockAttempts {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
      usleep(lockPauseUS)
    }
    return false
  }

  /// What is left of this period, in millionths.
  var left: UInt64 {
    state.withLock { record in
      pass(&record)
      return rules.millionths > record.spent ? rules.millionths - record.spent : 0
    }
  }

  /// Spends epsilon, on the disk, before anything is released for it.
  ///
  /// - Returns: false where not so much is left; then nothing is spent.
  func spend(_ millionths: UInt64) throws -> Bool {
    try state.withLock { record in
      pass(&record)
      let (sum, overflow) = record.spent.addingReportingOverflow(millionths)
      let isEnough = !overflow && sum <= rules.millionths
      // Time that has passed is kept as well.
      if isEnough { record.spent = sum }
      try write(&record)
      return isEnough
    }
  }

  /// Lets time pass, and begins new periods.
  private func pass(_ record: inout Record) {
    let now = place.secondsSinceBoot()
    if record.boot == place.boot { record.elapsedS += max(0, now - record.bootS) }
    (record.boot, record.bootS) = (place.boot, now)
    guard record.elapsedS >= rules.periodS else { return }
    record.elapsedS = record.elapsedS.truncatingRemainder(dividingBy: rules.periodS)
    record.spent = 0
  }

  // MARK: - The file: a header and two records, each in a block of its own

  private static func read(_ descriptor: Int32, _ path: String, _ place: Place) throws -> Record {
    var status = stat()
    // SAFETY: the structure is filled by the call.
    guard unsafe fstat(descriptor, &status) == 0 else { throw failure("read", path, errno) }
    // Nothing was ever spent of a file without a record: it is written before anything is.
    if status.st_size <= slotBytes {
      let header = Header(inode: UInt64(status.st_ino), machine: place.machine)
      try put(JSONEncoder().encode(header), descriptor, slot: 0, path)
      return Record(boot: place.boot, bootS: place.secondsSinceBoot())
    }
    guard let header = block(descriptor, 0).flatMap({ try? JSONDecoder().decode(Header.self, from: $0) }),
      header.format == 1
    else { throw refused(path, "it is damaged") }
    guard header.inode == UInt64(status.st_ino), header.machine == place.machine else {
      throw refused(path, "it is a copy, or was made on another machine")
    }
    let records = [1, 2].compactMap { slot in
      block(descriptor, slot).flatMap { try? JSONDecoder().decode(Record.self, from: $0) }
    }
    guard let last = records.max(by: { $0.number < $1.number }) else { throw refused(path, "it is damaged") }
    if let witnessed = witness(descriptor), witnessed > last.number {
      throw refused(path, "an older copy was written over it")
    }
    return last
  }

  private func write(_ record: inout Record) throws {
    var next = record
    next.number += 1
    try Self.put(JSONEncoder().encode(next), descriptor, slot: 1 + next.number % 2, path)
    var text = Array("\(next.number)".utf8)
    // Not all file systems keep attributes.
    // SAFETY: the array has as many bytes; the names are terminated copies for the call.
    _ = unsafe ep_set_file_attribute(descriptor, Self.attribute, &text, text.count)
    record = next
  }

  private static func witness(_ descriptor: Int32) -> Int? {
    var text = [UInt8](repeating: 0, count: 32)
    // SAFETY: the array has as many bytes; the name is a terminated copy for the call.
    let count = unsafe ep_file_attribute(descriptor, attribute, &text, text.count)
    guard count > 0 else { return nil }
    return Int(String(decoding: text.prefix(count), as: UTF8.self))
  }

  /// A block is text, its checksum before it, and spaces.
  private static func put(_ data: Data, _ descriptor: Int32, slot: Int, _ path: String) throws {
    let text = Array("\(FileHash.sha256(of: data).prefix(16)) ".utf8) + Array(data)
    guard text.count < slotBytes else {
      throw PipelineError("the privacy budget '\(path)' has a record that is too long", code: .internalFault)
    }
    var bytes = text + Array(repeating: UInt8(ascii: " "), count: slotBytes - text.count - 1) + [UInt8(ascii: "\n")]
    // SAFETY: the array has as many bytes.
    let written = unsafe pwrite(descriptor, &bytes, bytes.count, off_t(slot * slotBytes))
    guard written == bytes.count, fsync(descriptor) == 0 else { throw failure("write", path, errno) }
  }

  private static func block(_ descriptor: Int32, _ slot: Int) -> Data? {
    var bytes = [UInt8](repeating: 0, count: slotBytes)
    // SAFETY: the array has as many bytes.
    guard unsafe pread(descriptor, &bytes, bytes.count, off_t(slot * slotBytes)) == bytes.count else { return nil }
    let text = bytes.dropLast(1)
    guard let space = text.firstIndex(of: UInt8(ascii: " ")) else { return nil }
    let body = text[(space + 1)...]
    let end = body.lastIndex { $0 != UInt8(ascii: " ") } ?? body.startIndex
    let data = Data(body[...end])
    let sum = String(decoding: text[..<space], as: UTF8.self)
    return FileHash.sha256(of: data).prefix(16) == sum ? data : nil
  }

  private static func refused(_ path: String, _ why: String) -> PipelineError {
    PipelineError(
      "the privacy budget '\(path)' cannot be used: \(why)",
      remedy: "put the right file back; a new one is begun once this one is moved away, which gives its budget again",
      code: .malformed)
  }

  private static func failure(_ verb: String, _ path: String, _ code: Int32) -> PipelineError {
    PipelineError(
      "cannot \(verb) the privacy budget '\(path)': \(unsafe String(cString: strerror(code)))",
      remedy: "check the folder's permissions and space", code: .writeFailed)
  }
}

extension PrivacyBudget.Place {
  static var here: Self {
    func text(_ path: String) -> String {
      let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let machine = text("/etc/machine-id")
    return Self(
      boot: text("/proc/sys/kernel/random/boot_id"),
      machine: String(FileHash.sha256(of: Data("edgepipe \(machine)".utf8)).prefix(16)),
      secondsSinceBoot: {
        var time = timespec()
        // SAFETY: the structure is filled by the call.
        _ = unsafe clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
      })
  }
}
