package import Foundation

/// Reads a whole file that is at most `limit` bytes long.
///
/// - Throws: a ``PipelineError``: `notFound` when it is not there or not readable, `malformed` when it is too long.
package func readFile(_ file: URL, what: String, limit: Int) throws(PipelineError) -> Data {
  guard FileManager.default.fileExists(atPath: file.path) else {
    throw PipelineError("\(what) '\(file.path)' does not exist", code: .notFound)
  }
  do {
    let facts = try FileManager.default.attributesOfItem(atPath: file.resolvingSymlinksInPath().path)
    guard facts[.type] as? FileAttributeType == .typeRegular else {
      throw PipelineError("\(what) '\(file.path)' is not a file", code: .notFound)
    }
    let size = facts[.size] as? Int ?? 0
    guard size <= limit else {
      throw PipelineError("\(what) '\(file.path)' holds \(size) bytes; the limit is \(limit)", code: .malformed)
    }
    return try Data(contentsOf: file)
  } catch let error as PipelineError {
    throw error
  } catch {
    throw PipelineError("cannot read \(what) '\(file.path)': \(error.localizedDescription)", code: .notFound)
  }
}

/// Writes a whole file in one step: a reader sees the old file or the new one.
package func writeFile(_ data: Data, to file: URL) throws(PipelineError) {
  do {
    try data.write(to: file, options: .atomic)
  } catch {
    throw PipelineError("cannot write '\(file.path)': \(error.localizedDescription)", code: .writeFailed)
  }
}
