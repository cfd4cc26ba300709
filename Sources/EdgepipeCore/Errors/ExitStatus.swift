/// The exit codes of the command, by their sysexits names.
public enum ExitStatus: Int32, Sendable {
  case success = 0
  /// Some streams failed and others were processed.
  case partial = 1
  case usage = 64
  case dataError = 65
  case noInput = 66
  case unavailable = 69
  case software = 70
  case ioError = 74
  case config = 78
  /// The reader of standard output has gone: 128 + SIGPIPE.
  case readerGone = 141
}
