import Foundation
import PipelineTestSupport
import Testing

/// A terminal of a given width, for commands that look at theirs.
enum PseudoTerminal {
  /// TIOCSPTLCK and TIOCGPTPEER of asm-generic/ioctls.h, which are macros that Swift does not see.
  private static let setLock: UInt = 0x4004_5431
  private static let openPeer: UInt = 0x5441

  /// What a command prints on standard output when that is a terminal.
  ///
  /// - Parameter columns: nil for a terminal that does not say how wide it is.
  static func output(
    of arguments: [String], columns: Int?, environment: [String: String] = [:]
  ) throws -> (status: Int32, lines: [String]) {
    let master = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(master >= 0)
    defer { close(master) }
    var unlocked: CInt = 0
    // SAFETY: TIOCSPTLCK reads one integer, which outlives the call.
    try #require(unsafe ioctl(master, Self.setLock, &unlocked) == 0)
    let slave = ioctl(master, Self.openPeer, O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(slave >= 0)
    if let columns {
      var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
      // SAFETY: TIOCSWINSZ reads one winsize, which outlives the call.
      try #require(unsafe ioctl(slave, UInt(TIOCSWINSZ), &size) == 0)
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments = ["--foreground", "--kill-after=5", "120", Command.edgepipe.path] + arguments
    var variables = ProcessInfo.processInfo.environment
    variables["COLUMNS"] = nil
    process.environment = variables.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(fileDescriptor: slave, closeOnDealloc: false)
    process.standardError = FileHandle.nullDevice
    try process.run()
    close(slave)
    var bytes = Data()
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      // SAFETY: the call writes at most as many bytes as the buffer has.
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(master, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      // EIO: nobody holds the other end any more.
      guard count > 0 else { break }
      bytes.append(contentsOf: buffer[..<count])
    }
    process.waitUntilExit()
    let text = String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "\n")
    return (process.terminationStatus, text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init))
  }
}
