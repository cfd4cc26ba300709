import EdgepipeONNX

/// Takes what is multiplied, divided, added or subtracted for each channel into the convolution before or after it.
///
/// After a convolution everything can be taken in. Before one, factors can, and shifts where it pads nothing: a padded
/// zero would have to stay zero.
struct ChannelFactorFolding: GraphPass {
  let name = "factors by channel"
  let isExact = false

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    let counts = model.readCounts()
    var stored = model.storedTensors(), makers = model.makers(), folded: Set<Int> = []
    for index in model.proto.graph.node.indices {
      let node = model.proto.graph.node[index]
      guard let change = ChannelChange(node, stored), let maker = makers[change.input], counts[change.input] == 1,
        var weights = ConvolutionWeights(model.proto.graph.node[maker], stored),
        let (factors, shifts) = change.values(channels: weights.outputs)
      else { continue }
      weights.changeOutputs(factors: factors, shifts: shifts)
      guard weights.write(to: &model, node: maker, &stored) else { continue }
      model.proto.graph.node[maker].output = node.output
      makers[node.output[0]] = maker
      folded.insert(index)
    }
    for index in model.proto.graph.node.indices.reversed() {
      // What comes right before, one after the other.
      while let maker = model.proto.graph.node[index].input.first.flatMap({ makers[$0] }), !folded.contains(maker),
        let change = ChannelChange(model.proto.graph.node[maker], stored),
        counts[model.proto.graph.node[maker].output[0]] == 1,
        !change.mayWiden || model.channels(of: change.input, makers, stored) == change.count,
        var weights = ConvolutionWeights(model.proto.graph.node[index], stored),
        let (factors, shifts) = change.values(channels: weights.inputs),
        shifts.allSatisfy({ $0 == 0 }) || model.proto.graph.node[index].padsNothing
      {
        weights.changeInputs(factors: factors, shifts: shifts)
        guard weights.write(to: &model, node: index, &stored) else { break }
        model.proto.graph.node[index].input[0] = change.input
        folded.insert(maker)
      }
    }
    model.removeNodes(at: folded)
    return folded.count
  }
}

/// y = factor x + shift with stored numbers, one for each channel or one for all.
private struct ChannelChange {
  let input: String
  private let operation: String
  private let isStoredFirst: Bool
  private let numbers: [Double]
  /// True where the result may have more channels, or more dimensions, than the input.
  let mayWiden: Bool

  var count: Int { numbers.count }

  init?(_ node: Onnx_NodeProto, _ stored: [String: Onnx_TensorProto]) {
    guard node.isStandard, ["Mul", "Div", "Add", "Sub"].contains(node.opType), node.input.count == 2,
      node.output.count == 1, node.attribute.isEmpty
    else { return nil }
    let first = stored[node.input[0]], second = stored[node.input[1]]
    guard (first == nil) != (second == nil), let tensor = first ?? second, let values = tensor.allFloats(),
      values.count > 0, values.count == 1 || tensor.dims.count >= 3, tensor.dims.count <= 4
    else { return nil }
    // Shapes meet from the last dimension on: N x C x H x W, so the channels are the third from the end.
    let channelPlace = tensor.dims.count - 3
    for (place, size) in tensor.dims.enumerated() where place != channelPlace && size != 1 { return nil }
    isStoredFirst = first != nil
    // A number divided by the tensor is no factor.
    if node.opType == "Div", isStoredFirst { return nil }
    operation = node.opType
    input = node.input[isStoredFirst ? 1 : 0]
    numbers = values.map { Double($0) }
    mayWiden = tensor.dims.count > 1
  }

  /// Nil when there are as many numbers as for another count of channels, or when they are no factors.
  func values(channels: Int) -> (factors: [Double], shifts: [Double])? {
    guard numbers.count == 1 || numbers.count == channels else { return nil }
    let numbers = self.numbers.count == 1 ? Array(repeating: self.numbers[0], count: channels) : self.numbers
    let ones = Array(repeating: 1.0, count: channels), zeros = Array(repeating: 0.0, count: channels)
    let result: (factors: [Double], shifts: [Double]) =
      switch operation {
      case "Mul": (numbers, zeros)
      case "Div": (numbers.map { 1 / $0 }, zeros)
      case "Add": (ones, numbers)
      default: isStoredFirst ? (ones.map { -$0 }, numbers) : (ones, numbers.map { -$0 })
      }
    return (result.factors + result.shifts).allSatisfy(\.isFinite) ? result : nil
  }
}

extension OnnxModel {
  /// The channels of a picture-like tensor, as far as inputs and convolutions tell; else nil. Where factors make
  /// several of one, it is the one.
  fileprivate func channels(
    of name: String, _ makers: [String: Int], _ stored: [String: Onnx_TensorProto]
  ) -> Int? {
    var name = name, last = proto.graph.node.count
    // Backwards only: a file might go in circles.
    while let maker = makers[name], maker < last {
      last = maker
      let node = proto.graph.node[maker]
      if let weights = ConvolutionWeights(node, stored) { return weights.outputs }
      if let change = ChannelChange(node, stored) {
        name = change.input
        continue
      }
      guard node.isStandard, ["Relu", "LeakyRelu", "Sigmoid", "Clip", "MaxPool", "AveragePool"].contains(node.opType),
        let source = node.input.first
      else { return nil }
      name = source
    }
    let dimensions = proto.graph.input.first { $0.name == name }?.type.tensorType.shape.dim ?? []
    return dimensions.count == 4 ? dimensions[1].size : nil
  }
}

extension Onnx_NodeProto {
  /// True for a plain convolution that never looks beside its input.
  var padsNothing: Bool {
    opType == "Conv" && ["NOTSET", "VALID"].contains(word("auto_pad", default: "NOTSET"))
      && (integers("pads") ?? []).allSatisfy { $0 == 0 }
  }
}
