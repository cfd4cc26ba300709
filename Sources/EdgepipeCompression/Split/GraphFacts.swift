package import Detectors
package import EdgepipeONNX
import Foundation

/// What an engine knows of tensors inside of a graph: their types, the shapes that it infers, and the shapes of a run.
package struct GraphFacts {
  private let model: OnnxModel
  private let engine: any GraphEngine

  package init(_ model: OnnxModel, engine: any GraphEngine) {
    (self.model, self.engine) = (model, engine)
  }

  private func session(_ names: [String]) throws -> any GraphSession {
    var probed = model
    probed.proto.graph.output = names.map { name in
      model.proto.graph.output.first { $0.name == name } ?? Self.nameless(name)
    }
    return try engine.makeGraphSession(
      model: probed.serialized(), options: SessionOptions(threads: 2, modelName: model.name))
  }

  private static func nameless(_ name: String) -> Onnx_ValueInfoProto {
    var info = Onnx_ValueInfoProto()
    info.name = name
    return info
  }

  /// Types and shapes as they are stated in a file, for tensors about which the file says nothing.
  ///
  /// - Throws: a ``PipelineError`` when the engine refuses the graph.
  package func describe(_ names: [String]) throws -> [String: Onnx_ValueInfoProto] {
    let session = try session(names)
    var infos: [String: Onnx_ValueInfoProto] = [:]
    for output in session.outputs where output.element != 0 {
      var info = Self.nameless(output.name)
      info.type.tensorType.elemType = output.element
      if !output.shape.isEmpty {
        info.type.tensorType.shape.dim = output.shape.map { $0.map { .fixed($0) } ?? .free() }
      }
      infos[output.name] = info
    }
    // The engine says the same of a number and of a tensor whose shape it does not know. A run tells them apart; of a
    // tensor nothing is stated.
    for name in numbers(among: session.outputs.filter(\.shape.isEmpty).map(\.name)) {
      infos[name]?.type.tensorType.shape = .init()
    }
    return infos
  }

  /// Those that are single numbers without dimensions, where a run can tell.
  private func numbers(among names: [String]) -> [String] {
    guard !names.isEmpty, let inputs = try? randomInputs(seed: 1, side: 64),
      let values = try? values(names, inputs: inputs)
    else { return [] }
    return values.filter(\.shape.isEmpty).map(\.name)
  }

  /// Runs the graph once and gives the tensors of these names.
  package func values(_ names: [String], inputs: [GraphTensor]) throws -> [GraphTensor] {
    try session(names).run(inputs)
  }

  /// Inputs of random numbers in 0...255, the same ones for the same seed. Free dimensions become 1 where the batch is,
  /// else `side`.
  ///
  /// - Throws: a ``PipelineError`` for inputs that are not numbers of a type known here.
  package func randomInputs(seed: UInt64, side: Int) throws -> [GraphTensor] {
    try randomInputs(seed: seed, height: side, width: side)
  }

  /// The same with a height, for the third dimension, and a width, for the others.
  package func randomInputs(seed: UInt64, height: Int, width: Int) throws -> [GraphTensor] {
    let names = try SplitGraph(model).inputs
    let session = try session(Array(model.proto.graph.output.map(\.name)))
    return try session.inputs.filter { names.contains($0.name) }.map { input in
      let shape = input.shape.enumerated().map { $1 ?? ($0 == 0 ? 1 : $0 == 2 ? height : width) }
      return try GraphTensor(random: input.name, element: input.element, shape: shape, seed: seed)
    }
  }
}
