package import Detectors
import EdgepipeONNX

extension OnnxModel {
  /// Brings a float model into the form that pruning, fitting and quantization read: operators of one set, and sides of
  /// the picture that are free, as in pipelines; a graph that is tied to one size keeps it.
  ///
  /// - Parameter engine: with one the graph is simplified as well (``GraphPasses``).
  /// - Throws: a ``PipelineError`` (`malformed`) for operators that cannot be raised.
  package mutating func prepare(head: ModelManifest.Head, simplifyingWith engine: (any InferenceEngine)? = nil) throws {
    try OnnxOpset.upgrade(&self)
    if let engine { GraphPasses.apply(to: &self, engine: engine) }
    _ = try? OnnxShapes.free(&self, export: head.freeSizeExport)
  }
}
