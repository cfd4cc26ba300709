import EdgepipeCore
import Foundation
import GRDB
import Glibc
import Logging

/// How a run takes over a spool: what the run before left in it goes out first.
enum SpoolOpening {
  /// Opens the spool's file; one that is damaged is put aside, and what can be read of it is taken over.
  ///
  /// - Throws: ``PipelineError`` `writeFailed`, when no file can be made at its place.
  static func open(_ path: String, logger: Logger) throws(PipelineError) -> SpoolFile {
    do { return try SpoolFile(path: path) } catch {
      guard let code = (error as? DatabaseError)?.resultCode, [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(code) else {
        throw failure("cannot open the spool", path, error)
      }
      return try takeOver(path, "\(error)", logger)
    }
  }

  /// The damaged file stays beside the new one, in place of an earlier one.
  private static func takeOver(_ path: String, _ why: String, _ logger: Logger) throws(PipelineError) -> SpoolFile {
    let damaged = path + ".damaged"
    for suffix in ["", "-wal", "-shm"] {
      _ = try? FileManager.default.removeItem(atPath: damaged + suffix)
      // SAFETY: both paths are terminated copies for the call.
      _ = unsafe rename(path + suffix, damaged + suffix)
    }
    do {
      let file = try SpoolFile(path: path)
      let saved = try salvage(damaged, into: file)
      logger.error(
        """
        the spool '\(path)' was damaged (\(why)): \(saved) results that could be read go out, others are lost; the \
        file is kept as '\(damaged)'
        """)
      return file
    } catch { throw failure("cannot make a new spool", path, error) }
  }

  /// - Returns: how many results could be read.
  private static func salvage(_ path: String, into file: SpoolFile) throws -> Int {
    var configuration = Configuration()
    configuration.label = "edgepipe.salvage"
    guard let queue = try? DatabaseQueue(path: path, configuration: configuration) else { return 0 }
    var items: [OutgoingItem] = [], count = 0, failure: (any Error)?
    func write() {
      if failure != nil || items.isEmpty { return }
      do {
        _ = try file.commit(.init(added: items, now: SystemClock().wallTime()))
        count += items.count
      } catch { failure = error }
      items.removeAll(keepingCapacity: true)
    }
    SpoolFile.salvage(queue) { item in
      items.append(item)
      if items.count >= 1000 { write() }
    }
    write()
    try? queue.close()
    if let failure { throw failure }
    return count
  }

  private static func failure(_ what: String, _ path: String, _ error: any Error) -> PipelineError {
    PipelineError(
      "\(what) '\(path)': \((error as? DatabaseError)?.message ?? "\(error)")",
      remedy: "check the folder's permissions and space, or name another one by spool.folder or EDGEPIPE_STATE",
      code: .writeFailed)
  }
}
