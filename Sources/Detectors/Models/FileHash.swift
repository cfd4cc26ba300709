import Crypto
import EdgepipeCore
import Foundation

/// SHA-256 of files, in lower-case hexadecimal.
public enum FileHash {
  /// Reads the file a piece at a time.
  ///
  /// - Throws: a ``PipelineError`` (`noInput`) when the file cannot be read.
  public static func sha256(of file: URL) throws -> String {
    do {
      let handle = try FileHandle(forReadingFrom: file)
      defer { try? handle.close() }
      var hash = SHA256()
      while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
      return hexadecimal(hash.finalize())
    } catch {
      throw PipelineError("cannot read '\(file.path)': \(error.localizedDescription)", exit: .noInput)
    }
  }

  public static func sha256(of data: Data) -> String { hexadecimal(SHA256.hash(data: data)) }

  private static func hexadecimal(_ digest: SHA256Digest) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
