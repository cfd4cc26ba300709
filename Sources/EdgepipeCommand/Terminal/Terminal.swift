import ArgumentParser
import EdgepipeCore
import Foundation

/// Where the command prints: results to standard output, everything else to standard error.
enum Terminal {
  static let isInteractive = isatty(STDERR_FILENO) == 1

  private static let output = TextOutput(descriptor: STDOUT_FILENO)
  private static let errors = TextOutput(descriptor: STDERR_FILENO)

  /// Prints what the command was asked for. Where it cannot be printed the work goes on, so that files are still
  /// written, and ``status(_:)`` tells of it.
  static func out(_ text: String) { output.write(text + "\n") }

  /// Prints words about work whose results are elsewhere: a program without standard output does without them.
  static func say(_ text: String) { if output.isOpen { out(text) } }

  /// Prints to standard error, whose state changes nothing.
  static func note(_ text: String) { errors.write(text + "\n") }

  /// Replaces the live line, on a terminal only; what does not fit in one line is cut off.
  static func liveLine(_ text: String) {
    if isInteractive { errors.write("\r\u{1B}[2K\(text.prefix(max(20, columns - 1)))") }
  }

  static func endLiveLine() { if isInteractive { errors.write("\r\u{1B}[2K") } }

  /// The exit status of a command that by itself ends with `status`: what has failed elsewhere goes before what could
  /// not be printed.
  static func status(_ status: ExitStatus) -> ExitStatus {
    guard status == .success, let failure = output.failure else { return status }
    if let reason = failure.reason {
      note(
        "error: cannot write to standard output: \(reason); redirect it to a file, a pipe with a reader or /dev/null")
    }
    return failure.exit
  }

  /// The width of the terminal that shows the live line, in columns.
  static var columns: Int { columns(of: STDERR_FILENO) }

  /// The width of the terminal that standard output goes to; nil where that is a file or a pipe, which take all.
  static var outputColumns: Int? { isatty(STDOUT_FILENO) == 1 ? columns(of: STDOUT_FILENO) : nil }

  /// As the terminal says, else as `COLUMNS` says, else 80.
  private static func columns(of descriptor: Int32) -> Int {
    var size = winsize()
    // SAFETY: TIOCGWINSZ fills one winsize, which outlives the call.
    if unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    let said = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }
    return said.flatMap { (1...10_000).contains($0) ? $0 : nil } ?? 80
  }

  /// Prints an error of ours and returns its exit status; nil for what the argument parser has to say.
  static func describe(_ error: any Error) -> ExitStatus? {
    switch error {
    case let error as PipelineError:
      if error.code != .outputClosed { note("error: \(error)") }
      return error.exit
    case let error as ConfigErrors:
      note(error.description)
      return error.exit
    case let error as RunFailed: return error.exit
    default: return nil
    }
  }
}

/// The run is over, its errors have been printed, and this is the exit status.
struct RunFailed: Error {
  let exit: ExitStatus
}
