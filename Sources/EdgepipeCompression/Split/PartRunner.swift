package import Detectors
import EdgepipeCore
package import Foundation

/// Runs the parts of a model one after the other, each on what earlier ones gave.
///
/// Parts are opened when they are needed. Where memory is short each is closed again before the next is opened: then
/// only the largest part and the tensors between parts are held at one time, and each run opens every part anew.
///
/// Used by one thread at a time.
package final class PartRunner {
  private let engine: any GraphEngine
  private let models: [() throws -> Data]
  private let options: SessionOptions
  private let keepsOpen: Bool
  private var sessions: [Int: any GraphSession] = [:]

  /// - Parameters:
  ///   - models: what gives each part's file, in order; asked each time that the part is opened.
  ///   - keepsOpen: false for one part at a time.
  package init(
    _ models: [() throws -> Data], engine: any GraphEngine, options: SessionOptions, keepsOpen: Bool = true
  ) {
    (self.models, self.engine, self.options, self.keepsOpen) = (models, engine, options, keepsOpen)
  }

  package var count: Int { models.count }

  /// Opens one of the parts, or gives it where it is open.
  package func session(_ index: Int) throws -> any GraphSession {
    if let session = sessions[index] { return session }
    var options = options
    options.modelName += ", part \(index + 1)"
    let session = try engine.makeGraphSession(model: models[index](), options: options)
    if keepsOpen { sessions[index] = session }
    return session
  }

  /// Runs some of the parts.
  ///
  /// - Parameters:
  ///   - tensors: the model's inputs, and what parts that are left out gave.
  ///   - range: of parts; all when absent.
  ///   - observe: is told of each part's outputs, and may change them.
  /// - Returns: every tensor that went in or came out, by name.
  package func run(
    _ tensors: [GraphTensor], parts range: Range<Int>? = nil,
    observe: (Int, [GraphTensor]) throws -> [GraphTensor] = { $1 }
  ) throws -> [String: GraphTensor] {
    var known = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for index in range ?? 0..<models.count {
      let session = try session(index)
      let given = session.inputs.compactMap { known[$0.name] }
      for tensor in try observe(index, session.run(given)) { known[tensor.name] = tensor }
    }
    return known
  }
}
