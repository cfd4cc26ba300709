import EdgepipeONNX
import Foundation

/// Writes a Darknet network as an ONNX graph, batch normalization folded into the convolutions.
struct DarknetGraph {
  private var graph = Onnx_GraphProto()
  /// The name of each layer's output.
  private var outputs: [String] = []

  /// - Throws: a ``PipelineError`` (`malformed`) when the weights do not fit the network.
  static func model(_ network: DarknetNetwork, weights: DarknetWeights, name: String) throws -> OnnxModel {
    try weights.check(expected: network.valueCount)
    var builder = DarknetGraph(), weights = weights
    builder.graph.name = name
    builder.graph.input = [.tensor("images", [.fixed(1), .fixed(network.channels), .free("height"), .free("width")])]
    for (index, layer) in network.layers.enumerated() {
      try builder.add(layer, index: index, network: network, weights: &weights)
    }
    var proto = Onnx_ModelProto()
    // Version 7 of the format is the one of operator set 13.
    proto.irVersion = 7
    proto.producerName = "edgepipe"
    var opset = Onnx_OperatorSetIdProto()
    opset.domain = ""
    opset.version = 13
    proto.opsetImport = [opset]
    proto.graph = builder.graph
    return OnnxModel(proto: proto, name: name)
  }

  private mutating func add(
    _ layer: DarknetNetwork.Layer, index: Int, network: DarknetNetwork, weights: inout DarknetWeights
  ) throws {
    let before = outputs.last ?? "images"
    let name = "layer_\(index)"
    switch layer.kind {
    case .convolution(let convolution):
      outputs.append(try add(convolution, from: before, name: name, weights: &weights))
    case .maxPool(let size, let stride, let padding):
      var node = Self.node("MaxPool", [before], name)
      node.set("kernel_shape", [size, size])
      node.set("strides", [stride, stride])
      let front = padding / 2
      node.set("pads", [front, front, padding - front, padding - front])
      graph.node.append(node)
      outputs.append(name)
    case .upsample(let factor):
      let scales = "\(name)_scales"
      graph.initializer.append(.floats(scales, [4], [1, 1, Float(factor), Float(factor)]))
      var node = Self.node("Resize", [before, "", scales], name)
      node.set("coordinate_transformation_mode", "asymmetric")
      node.set("mode", "nearest")
      node.set("nearest_mode", "floor")
      graph.node.append(node)
      outputs.append(name)
    case .route(let layers, let groups, let group):
      outputs.append(
        route(layers, groups: groups, group: group, name: name, channels: layers.map { network.layers[$0].channels }))
    case .shortcut(let source, let activation):
      let sum = activation == .linear ? name : "\(name)_sum"
      graph.node.append(Self.node("Add", [before, outputs[source]], sum))
      outputs.append(activate(activation, sum, name: name))
    case .yolo:
      let output = "yolo_\(index)"
      graph.node.append(Self.node("Identity", [before], output))
      graph.output.append(.tensor(output, [.fixed(1), .fixed(layer.channels), .free(), .free()]))
      outputs.append(output)
    }
  }

  private mutating func add(
    _ convolution: DarknetNetwork.Convolution, from input: String, name: String, weights: inout DarknetWeights
  ) throws -> String {
    let filters = convolution.filters
    var bias = try weights.next(filters)
    var scales: [Float]?
    if convolution.isNormalized {
      let gamma = try weights.next(filters), mean = try weights.next(filters), variance = try weights.next(filters)
      // w' = w gamma / sqrt(variance + 1e-5), b' = beta - mean gamma / sqrt(variance + 1e-5); in Double, rounded once.
      var folded = [Float](repeating: 0, count: filters)
      for index in 0..<filters {
        let scale = Double(gamma[index]) / (Double(variance[index]) + 1e-5).squareRoot()
        folded[index] = Float(scale)
        bias[index] = Float(Double(bias[index]) - Double(mean[index]) * scale)
      }
      scales = folded
    }
    let inputs = convolution.inputs / convolution.groups
    var kernel = try weights.next(filters * inputs * convolution.size * convolution.size)
    if let scales {
      let each = kernel.count / filters
      for filter in 0..<filters {
        let scale = scales[filter]
        for index in filter * each..<(filter + 1) * each { kernel[index] *= scale }
      }
    }
    graph.initializer.append(
      .floats("\(name)_weights", [filters, inputs, convolution.size, convolution.size], kernel))
    graph.initializer.append(.floats("\(name)_bias", [filters], bias))
    let sum = convolution.activation == .linear ? name : "\(name)_sum"
    var node = Self.node("Conv", [input, "\(name)_weights", "\(name)_bias"], sum)
    node.set("kernel_shape", [convolution.size, convolution.size])
    node.set("strides", [convolution.stride, convolution.stride])
    node.set("pads", Array(repeating: convolution.padding, count: 4))
    node.set("dilations", [convolution.dilation, convolution.dilation])
    node.set("group", convolution.groups)
    graph.node.append(node)
    return activate(convolution.activation, sum, name: name)
  }

  private mutating func activate(_ activation: DarknetNetwork.Activation, _ input: String, name: String) -> String {
    switch activation {
    case .linear: return input
    case .relu: graph.node.append(Self.node("Relu", [input], name))
    case .logistic: graph.node.append(Self.node("Sigmoid", [input], name))
    case .leaky:
      var node = Self.node("LeakyRelu", [input], name)
      node.set("alpha", Float(0.1))
      graph.node.append(node)
    case .swish:
      graph.node.append(Self.node("Sigmoid", [input], "\(name)_gate"))
      graph.node.append(Self.node("Mul", [input, "\(name)_gate"], name))
    case .mish:
      // x tanh(softplus(x)): a Mish operator of its own came with operator set 18.
      graph.node.append(Self.node("Softplus", [input], "\(name)_softplus"))
      graph.node.append(Self.node("Tanh", ["\(name)_softplus"], "\(name)_gate"))
      graph.node.append(Self.node("Mul", [input, "\(name)_gate"], name))
    }
    return name
  }

  private mutating func route(_ layers: [Int], groups: Int, group: Int, name: String, channels: [Int]) -> String {
    var parts = layers.map { outputs[$0] }
    if groups > 1 {
      for (index, count) in channels.enumerated() {
        let part = count / groups, slice = parts.count == 1 ? name : "\(name)_part_\(index)"
        graph.initializer.append(.integers("\(slice)_start", [part * group]))
        graph.initializer.append(.integers("\(slice)_end", [part * (group + 1)]))
        graph.initializer.append(.integers("\(slice)_axis", [1]))
        graph.node.append(
          Self.node("Slice", [parts[index], "\(slice)_start", "\(slice)_end", "\(slice)_axis"], slice))
        parts[index] = slice
      }
    }
    // A route from one layer is only another name for it.
    guard parts.count > 1 else { return parts[0] }
    var node = Self.node("Concat", parts, name)
    node.set("axis", 1)
    graph.node.append(node)
    return name
  }

  private static func node(_ type: String, _ inputs: [String], _ output: String) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    node.opType = type
    node.name = output
    node.input = inputs
    node.output = [output]
    return node
  }
}
