package import Foundation

/// SHA-256 of files, in lower-case hexadecimal.
package enum FileHash {
  /// Reads the file a piece at a time.
  ///
  /// - Throws: a ``PipelineError`` (`notFound`) when the file cannot be read.
  package static func sha256(of file: URL) throws(PipelineError) -> String {
    do {
      let handle = try FileHandle(forReadingFrom: file)
      defer { try? handle.close() }
      let hash = MessageDigest(.sha256)
      while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(piece) }
      return hash.finish()
    } catch {
      throw PipelineError("cannot read '\(file.path)': \(error.localizedDescription)", code: .notFound)
    }
  }

  package static func sha256(of data: Data) -> String { MessageDigest.hexadecimal(of: data, .sha256) }
}
