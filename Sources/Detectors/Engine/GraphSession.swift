package import Foundation

/// What opens any graph, whatever goes in and out.
package protocol GraphEngine: Sendable {
  /// - Parameter model: an ONNX file.
  /// - Throws: a ``PipelineError`` with the engine's reason when it refuses the graph.
  func makeGraphSession(model: Data, options: SessionOptions) throws -> any GraphSession
}

/// One opened graph, used by one thread at a time.
package protocol GraphSession: AnyObject {
  var inputs: [GraphTensorDescription] { get }
  var outputs: [GraphTensorDescription] { get }

  /// Runs the graph.
  ///
  /// - Parameter tensors: every input, by name; what the graph does not take is left aside.
  /// - Returns: the outputs, in their order.
  func run(_ tensors: [GraphTensor]) throws -> [GraphTensor]
}
