import ArgumentParser
import Foundation
import Pipeline

/// Where the command prints: results to standard output, everything else to standard error.
enum Terminal {
  static let isInteractive = isatty(STDERR_FILENO) == 1

  static func out(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
  static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  /// Replaces the live line on a terminal; what does not fit in one line is cut off.
  static func liveLine(_ text: String) {
    FileHandle.standardError.write(Data("\r\u{1B}[2K\(text.prefix(max(20, columns - 1)))".utf8))
  }
  static func endLiveLine() { FileHandle.standardError.write(Data("\r\u{1B}[2K".utf8)) }

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

  /// Prints an error of ours and returns its exit status; nil for errors that the argument parser should print.
  static func describe(_ error: any Error) -> Int32? {
    switch error {
    case let error as PipelineError:
      note("error: \(error)")
      return error.exit.rawValue
    case let error as ConfigErrors:
      note(error.description)
      return error.exit.rawValue
    case let error as RunFailed: return error.exit.rawValue
    default: return nil
    }
  }
}

/// The run is over, its errors have been printed, and this is the exit status.
struct RunFailed: Error {
  let exit: ExitStatus
}
