import EdgepipeCore
import EdgepipeONNX

/// Convolutions in integers whose inputs are measured in each run (`DynamicQuantizeLinear`, `ConvInteger`): no
/// calibration pictures are needed, and nothing depends on them.
///
/// It is known to be slow for convolutions: every input is read twice before it is used, the results come back as
/// floats, and the kernels are not the quick ones. Its use is a small file and a bound on what calibration may be
/// blamed for.
public enum DynamicQuantizer {
  /// - Parameter model: the float model, graph passes applied.
  /// - Returns: the model, and how many convolutions of it are integers.
  /// - Throws: a ``PipelineError`` (`dataError`) when it has no convolution with stored weights.
  public static func apply(to model: OnnxModel) throws -> (model: OnnxModel, integerConvolutions: Int) {
    var model = model
    try OnnxOpset.upgrade(&model)
    var writer = DynamicModelWriter(model)
    for node in model.proto.graph.node where !writer.replace(node) { writer.nodes.append(node) }
    guard writer.count > 0 else {
      throw PipelineError(
        "model '\(model.name)' has no convolutions with stored weights", remedy: "keep it as it is", exit: .dataError)
    }
    model.proto.graph.node = writer.nodes
    let read = Set(writer.nodes.flatMap(\.input))
    model.proto.graph.initializer = (model.proto.graph.initializer + writer.tensors).filter { read.contains($0.name) }
    model.proto.graph.valueInfo = []
    return (model, writer.count)
  }
}

private struct DynamicModelWriter {
  var nodes: [Onnx_NodeProto] = []
  var tensors: [Onnx_TensorProto] = []
  var count = 0
  private let stored: [String: Onnx_TensorProto]
  private var measured: Set<String> = []

  init(_ model: OnnxModel) { stored = model.storedTensors() }

  /// - Returns: false for what is no convolution with stored float weights.
  mutating func replace(_ node: Onnx_NodeProto) -> Bool {
    guard node.opType == "Conv", node.domain.isEmpty || node.domain == "ai.onnx", node.input.count >= 2,
      let tensor = stored[node.input[1]], tensor.dims.count == 4, let values = tensor.allFloats(),
      let outputs = tensor.dims.first.map({ Int($0) }), outputs > 0, !values.isEmpty
    else { return false }
    var bias: [Float]?
    if node.input.count > 2, !node.input[2].isEmpty {
      bias = stored[node.input[2]]?.allFloats()
      guard bias?.count == outputs else { return false }
    }
    let source = node.input[0], name = node.output[0]
    let shape = tensor.dims.map { Int($0) }, taps = shape[2] * shape[3], depth = values.count / outputs
    // Rows, columns, then channels: as kernels multiply.
    let order = node.integer("group", default: 1) == 1 ? (0..<depth).map { $0 % shape[1] * taps + $0 / shape[1] } : nil
    let weights = IntegerWeights(
      values.map(Double.init), outputs: outputs, order: order, floors: Array(repeating: 0, count: outputs))
    if measured.insert(source).inserted {
      var measure = Onnx_NodeProto.make("DynamicQuantizeLinear", [source], "\(source)/integers")
      measure.output += ["\(source)/scale", "\(source)/zero"]
      nodes.append(measure)
    }
    tensors.append(.signedBytes("\(name)/weights", shape, weights.values))
    tensors.append(.floats("\(name)/scales", [1, outputs, 1, 1], weights.scales.map { Float($0) }))
    tensors.append(.signedBytes("\(name)/weights_zero", [], [0]))
    var sums = node
    sums.opType = "ConvInteger"
    sums.name = "\(name)/sums"
    sums.input = ["\(source)/integers", "\(name)/weights", "\(source)/zero", "\(name)/weights_zero"]
    sums.output = ["\(name)/sums"]
    var cast = Onnx_NodeProto.make("Cast", ["\(name)/sums"], "\(name)/whole")
    cast.set("to", Int(OnnxElement.float))
    let scaled = bias == nil ? name : "\(name)/scaled"
    nodes += [
      sums, cast, .make("Mul", ["\(source)/scale", "\(name)/scales"], "\(name)/factors"),
      .make("Mul", ["\(name)/whole", "\(name)/factors"], scaled),
    ]
    if let bias {
      tensors.append(.floats("\(name)/bias", [1, outputs, 1, 1], bias))
      nodes.append(.make("Add", [scaled, "\(name)/bias"], name))
    }
    count += 1
    return true
  }
}
