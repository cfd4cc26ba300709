import Detectors
import EdgepipeCore
import EdgepipeONNX
import Foundation
import Synchronization

/// Runs a model on pictures and lends some of its tensors, whatever they are inside of it.
struct TensorProbe {
  /// Threads with a session each. The number is fixed, since sums depend on their order in the last digits and results
  /// should not depend on the machine.
  static let workers = 2

  let engine: any InferenceEngine

  /// Each worker takes every second picture, in order, and adds what it sees to a state of its own.
  ///
  /// - Parameters:
  ///   - tensors: names of float tensors; `add` gets them in this order.
  ///   - initial: each worker's state before its first picture.
  ///   - add: called with the picture's index.
  /// - Returns: the states, in the order of the workers.
  /// - Throws: a ``PipelineError`` when the engine refuses the model.
  func accumulate<State: Sendable>(
    _ tensors: [String], of model: OnnxModel, inputs: CalibrationPictures, initial: State,
    add: @Sendable (inout State, Int, [ModelOutputs.Output]) throws -> Void
  ) throws -> [State] {
    var probed = model
    // Whatever the outputs do not need, the engine leaves out.
    probed.proto.graph.output = tensors.map { name in
      model.proto.graph.output.first { $0.name == name } ?? Self.output(name)
    }
    let data = try probed.serialized()
    let outcome = Mutex<(states: [Int: State], failure: (any Error)?)>(([:], nil))
    DispatchQueue.concurrentPerform(iterations: Self.workers) { worker in
      do {
        let session = try engine.makeSession(model: data, options: SessionOptions(threads: 1, modelName: model.name))
        let pool = BufferPool()
        var state = initial
        for picture in stride(from: worker, to: inputs.count, by: Self.workers) {
          try session.run(inputs.input(picture, pool: pool)) { try add(&state, picture, $0.outputs) }
        }
        outcome.withLock { $0.states[worker] = state }
      } catch {
        outcome.withLock { $0.failure = error }
      }
    }
    return try outcome.withLock { outcome in
      if let failure = outcome.failure { throw failure }
      return (0..<Self.workers).compactMap { outcome.states[$0] }
    }
  }

  /// An output of which nothing is known but that it holds floats.
  private static func output(_ name: String) -> Onnx_ValueInfoProto {
    var info = Onnx_ValueInfoProto()
    info.name = name
    info.type.tensorType.elemType = OnnxElement.float
    return info
  }
}
