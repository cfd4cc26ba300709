import EdgepipeONNX
import Foundation

/// A two-dimensional convolution of a graph whose weights are stored as float32.
struct ConvolutionNode: Sendable {
  /// Index of the node in the graph.
  let node: Int
  let input: String
  let output: String
  let weight: String
  let bias: String?
  let groups: Int
  /// Outputs, inputs of a group, height and width of the kernel.
  let shape: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// Top, left, bottom, right.
  let pads: [Int]

  var outputs: Int { shape[0] }
  var kernelArea: Int { shape[2] * shape[3] }
  var isDepthwise: Bool { groups > 1 && groups == shape[0] && shape[1] == 1 }

  /// Nil for what is not such a convolution: other operators, weights that the graph computes, padding by name.
  ///
  /// - Throws: a ``PipelineError`` (`malformed`) for weights that no convolution can have.
  init?(_ node: Onnx_NodeProto, at index: Int, stored: [String: Onnx_TensorProto], modelName: String) throws {
    guard node.opType == "Conv", node.input.count >= 2, let output = node.output.first,
      let tensor = stored[node.input[1]], tensor.dataType == OnnxElement.float, tensor.dims.count == 4,
      ["NOTSET", "VALID"].contains(node.word("auto_pad", default: "NOTSET"))
    else { return nil }
    let shape = tensor.dims.map { Int(clamping: $0) }, groups = node.integer("group", default: 1)
    let strides = node.integers("strides") ?? [1, 1], dilations = node.integers("dilations") ?? [1, 1]
    let pads = node.integers("pads") ?? [0, 0, 0, 0]
    guard shape.allSatisfy({ $0 > 0 }), groups > 0, shape[0] % groups == 0, strides.count == 2, dilations.count == 2,
      pads.count == 4, (strides + dilations).allSatisfy({ (1...1 << 12).contains($0) }),
      pads.allSatisfy({ (0...1 << 12).contains($0) })
    else {
      throw OnnxModel.unsound(modelName, "has \(node.label) with weights of the shape \(shape) that do not fit it")
    }
    self.node = index
    input = node.input[0]
    self.output = output
    weight = node.input[1]
    bias = node.input.count > 2 && !node.input[2].isEmpty ? node.input[2] : nil
    self.groups = groups
    self.shape = shape
    self.strides = strides
    self.dilations = dilations
    self.pads = pads
  }

  /// All of a model, in the order of its graph.
  static func all(of model: OnnxModel) throws -> [ConvolutionNode] {
    let stored = model.storedTensors()
    return try model.proto.graph.node.enumerated().compactMap {
      try ConvolutionNode($1, at: $0, stored: stored, modelName: model.name)
    }
  }
}

/// Weights and bias of a convolution: outputs x inputs of a group x kernel, row-major.
struct FloatWeights: Sendable, Equatable {
  var shape: [Int]
  var values: [Float]
  /// One an output; zeros where the convolution has none.
  var bias: [Float]

  var outputs: Int { shape[0] }
  /// Weights of one output.
  var depth: Int { shape[1...].reduce(1, *) }
  var kernelArea: Int { shape[2] * shape[3] }

  /// - Parameter keptInputs: nil: all.
  func selecting(outputs keptOutputs: [Int], inputs keptInputs: [Int]?) -> FloatWeights {
    let area = kernelArea, columns = keptInputs ?? Array(0..<shape[1])
    var values: [Float] = []
    values.reserveCapacity(keptOutputs.count * columns.count * area)
    for output in keptOutputs {
      for input in columns {
        let start = (output * shape[1] + input) * area
        values += self.values[start..<start + area]
      }
    }
    return FloatWeights(
      shape: [keptOutputs.count, columns.count] + shape[2...], values: values, bias: keptOutputs.map { bias[$0] })
  }
}

extension ConvolutionNode {
  /// - Throws: a ``PipelineError`` (`malformed`) for a bias that is not one float32 an output.
  func weights(stored: [String: Onnx_TensorProto], modelName: String) throws -> FloatWeights {
    guard let values = stored[weight]?.allFloats(), values.count == shape.reduce(1, *) else {
      throw OnnxModel.unsound(modelName, "has weights '\(weight)' that are not float32")
    }
    guard let bias else { return FloatWeights(shape: shape, values: values, bias: Array(repeating: 0, count: outputs)) }
    guard let stored = stored[bias]?.allFloats(), stored.count == outputs else {
      throw OnnxModel.unsound(modelName, "has a bias '\(bias)' that is not \(outputs) stored float32 values")
    }
    return FloatWeights(shape: shape, values: values, bias: stored)
  }
}

extension OnnxModel {
  /// Gives convolutions new weights. They become tensors of their own, since other nodes may share the old ones, which
  /// go when nothing reads them any more.
  mutating func replaceWeights(_ replacements: [(convolution: ConvolutionNode, weights: FloatWeights)]) {
    var made: [Onnx_TensorProto] = []
    for (convolution, weights) in replacements {
      let weight = "\(convolution.output)/weight", bias = "\(convolution.output)/bias"
      made.append(.floats(weight, weights.shape, weights.values))
      made.append(.floats(bias, [weights.outputs], weights.bias))
      proto.graph.node[convolution.node].input = [convolution.input, weight, bias]
      if convolution.isDepthwise {
        proto.graph.node[convolution.node].attribute.removeAll { $0.name == "group" }
        proto.graph.node[convolution.node].set("group", weights.outputs)
      }
    }
    let names = Set(made.map(\.name))
    proto.graph.initializer.removeAll { names.contains($0.name) }
    proto.graph.initializer += made
    dropUnreadTensors()
  }

  /// Removes stored tensors that nothing reads, also from the list of inputs, where older files have them as well.
  private mutating func dropUnreadTensors() {
    var used = Set(proto.graph.output.map(\.name))
    for node in proto.graph.node { used.formUnion(node.tensorsRead) }
    proto.graph.initializer.removeAll { !used.contains($0.name) }
    proto.graph.input.removeAll { !used.contains($0.name) }
  }
}

extension Onnx_NodeProto {
  /// What the node reads, and what the graphs inside of it read.
  var tensorsRead: [String] {
    input + attribute.flatMap { ($0.hasG ? [$0.g] : []) + $0.graphs }.flatMap { $0.node.flatMap(\.tensorsRead) }
  }
}
