import ArgumentParser
import Foundation
import Pipeline

/// Where the command prints: results to standard output, everything else to standard error.
enum Terminal {
  static let isInteractive = isatty(STDERR_FILENO) == 1

  static func out(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
  static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  /// Replaces the live line on a terminal.
  static func liveLine(_ text: String) { FileHandle.standardError.write(Data("\r\u{1B}[2K\(text)".utf8)) }
  static func endLiveLine() { FileHandle.standardError.write(Data("\r\u{1B}[2K".utf8)) }

  /// The width in columns, or 100 where it is not known.
  static var columns: Int {
    var size = winsize()
    // SAFETY: TIOCGWINSZ fills one winsize, which outlives the call.
    guard unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return Int(size.ws_col)
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
