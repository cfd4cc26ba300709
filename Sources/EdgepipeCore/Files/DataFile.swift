import Foundation

/// Reads a whole file that is at most `limit` bytes long.
///
/// - Throws: a ``PipelineError``: `noInput` when it is not there or not readable, `dataError` when it is too long.
package func readFile(_ file: URL, what: String, limit: Int) throws -> Data {
  guard FileManager.default.fileExists(atPath: file.path) else {
    throw PipelineError("\(what) '\(file.path)' does not exist", exit: .noInput)
  }
  do {
    let facts = try FileManager.default.attributesOfItem(atPath: file.resolvingSymlinksInPath().path)
    guard facts[.type] as? FileAttributeType == .typeRegular else {
      throw PipelineError("\(what) '\(file.path)' is not a file", exit: .noInput)
    }
    let size = facts[.size] as? Int ?? 0
    guard size <= limit else {
      throw PipelineError("\(what) '\(file.path)' holds \(size) bytes; the limit is \(limit)", exit: .dataError)
    }
    return try Data(contentsOf: file)
  } catch let error as PipelineError {
    throw error
  } catch {
    throw PipelineError("cannot read \(what) '\(file.path)': \(error.localizedDescription)", exit: .noInput)
  }
}

/// Writes a whole file in one step: a reader sees the old file or the new one.
package func writeFile(_ data: Data, to file: URL) throws {
  do {
    try data.write(to: file, options: .atomic)
  } catch {
    throw PipelineError("cannot write '\(file.path)': \(error.localizedDescription)", exit: .ioError)
  }
}
