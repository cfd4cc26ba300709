import EdgepipeCore
import GRDB

/// What SQLite's errors mean for those who use the database.
enum DatabaseFailure {
  /// Whether the same may work later: the disk is full or fails, or others keep the file locked.
  static func mayPass(_ error: any Error) -> Bool {
    guard let error = error as? DatabaseError else { return false }
    switch error.resultCode {
    case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_NOMEM, .SQLITE_PROTOCOL, .SQLITE_READONLY,
      .SQLITE_CORRUPT, .SQLITE_CANTOPEN:
      return true
    default: return false
    }
  }

  /// Of a database that is being opened: whether it is as it must be, and there is only no room or no answer now.
  static func isFullDisk(_ error: any Error) -> Bool {
    guard let error = error as? DatabaseError else { return false }
    return [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode)
  }

  /// The error in a sentence, with what helps.
  static func described(_ error: any Error, _ attempt: String, _ path: String) -> PipelineError {
    guard let error = error as? DatabaseError else {
      return error as? PipelineError ?? PipelineError("cannot \(attempt) '\(path)': \(error)", code: .internalFault)
    }
    let reason = error.message ?? "\(error.resultCode)"
    let (remedy, code): (String?, PipelineError.Code) =
      switch error.resultCode {
      case .SQLITE_FULL: ("free space on that disk, or choose a path on another disk", .writeFailed)
      case .SQLITE_NOTADB: ("choose another path", .malformed)
      case .SQLITE_CORRUPT: ("restore a copy of it, or save what is left with `sqlite3 FILE .recover`", .malformed)
      case .SQLITE_BUSY, .SQLITE_LOCKED: ("end the program that keeps it locked", .writeFailed)
      case .SQLITE_CANTOPEN: ("check that the file and its folder can be written by this user", .writeFailed)
      case .SQLITE_READONLY: ("give this user write permission there, or choose another path", .writeFailed)
      case .SQLITE_IOERR: ("check the system log (dmesg), or choose a path on another disk", .writeFailed)
      default: (nil, .internalFault)
      }
    return PipelineError("cannot \(attempt) '\(path)': \(reason)", remedy: remedy, code: code)
  }

  static func newer(_ path: String) -> PipelineError {
    PipelineError(
      "the database '\(path)' was made by a newer edgepipe", remedy: "update edgepipe, or choose another path",
      code: .unsupported)
  }

  static func foreign(_ path: String) -> PipelineError {
    PipelineError("'\(path)' is not a results database of edgepipe", remedy: "choose another path", code: .malformed)
  }
}
