import EdgepipeCore
import EdgepipeONNX
import Foundation

extension OnnxModel {
  /// Reads a model that was found by name or by path: the very file that its hash is of. Tensors kept in other files,
  /// which that hash does not cover, are refused; importing a model takes them in.
  ///
  /// - Throws: as ``init(contentsOf:)``.
  package init(_ resolved: ResolvedModel) throws {
    let data = try readFile(resolved.file, what: "model", limit: Self.maximumByteCount)
    try self.init(data: data, name: resolved.reference)
  }
}
