import EdgepipeONNX
import Foundation

/// Which channels of a convolutional graph stand and fall together.
///
/// Each output channel of a dense convolution is a channel of its own; everything after it that handles channels one by
/// one (activations, pooling, resizing, depthwise convolutions) carries it on. `Add` and other element-by-element
/// operators tie the channels of their inputs at equal indices, `Concat` puts them one after the other, and `Split` and
/// `Slice` take some of them out again. What the graph takes in or gives out, what reaches an operator that is not
/// known here, and the heads (``DetectionHeads``) are pinned: they stay. (The dependency groups of G. Fang et al.,
/// "DepGraph: Towards Any Structural Pruning", CVPR 2023, found by union of equal channels.)
struct ChannelGraph {
  /// A number that stands for one channel. Several that are tied have one ``root(_:)``.
  typealias Channel = Int

  struct Convolution {
    let node: ConvolutionNode
    let inputs: [Channel]
    let outputs: [Channel]
  }

  /// A node that takes channels out by index, `Slice` or `Split`, and must follow when some go.
  struct Cut {
    /// Index of the node in the graph.
    let node: Int
    let input: [Channel]
    let ranges: [Range<Int>]
  }

  private(set) var convolutions: [Convolution] = []
  private(set) var cuts: [Cut] = []
  /// Channels of each tensor that has them.
  private var channels: [String: [Channel]] = [:]
  private var parents: [Channel] = []
  private var pinned: Set<Channel> = []
  private let stored: [String: Onnx_TensorProto]

  private static let channelwise: Set<String> = [
    "Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Elu", "Clip", "Softplus", "Identity",
    "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Dropout", "Erf", "Exp", "Upsample",
  ]
  private static let elementwise: Set<String> = ["Add", "Sub", "Mul", "Div", "Max", "Min", "Sum"]

  /// - Throws: a ``PipelineError`` (`malformed`) for a convolution whose stored weights do not fit it.
  init(_ model: OnnxModel) throws {
    let graph = model.proto.graph
    stored = model.storedTensors()
    for input in graph.input where stored[input.name] == nil {
      let dims = input.type.tensorType.shape.dim
      guard dims.count == 4, let count = dims[1].size, count <= 4 else { continue }
      channels[input.name] = add(count)
      pin(input.name)
    }
    for (index, node) in graph.node.enumerated() { try follow(node, at: index, model) }
    for output in graph.output { pin(output.name) }
    for output in DetectionHeads(model).outputs { pin(output) }
  }

  /// Whether each channel of an operator's output is made from the channels of the same index.
  static func passesChannelsOn(_ type: String) -> Bool { channelwise.contains(type) || elementwise.contains(type) }

  /// The channel that stands for all that are tied to `channel`.
  func root(_ channel: Channel) -> Channel {
    var channel = channel
    while parents[channel] != channel { channel = parents[channel] }
    return channel
  }

  /// Roots that must stay.
  var pinnedRoots: Set<Channel> { Set(pinned.map(root)) }

  private mutating func add(_ count: Int) -> [Channel] {
    let first = parents.count
    parents += first..<first + count
    return Array(first..<parents.count)
  }

  private mutating func pin(_ tensor: String) { pinned.formUnion(channels[tensor] ?? []) }

  private mutating func pinAll(_ node: Onnx_NodeProto) {
    for tensor in node.tensorsRead { pin(tensor) }
  }

  private mutating func tie(_ a: Channel, _ b: Channel) {
    let (a, b) = (root(a), root(b))
    if a != b { parents[max(a, b)] = min(a, b) }
  }

  private mutating func follow(_ node: Onnx_NodeProto, at index: Int, _ model: OnnxModel) throws {
    guard let first = node.input.first, let output = node.output.first else { return pinAll(node) }
    switch node.opType {
    case "Conv": try convolve(node, at: index, model)
    case let name where Self.channelwise.contains(name): channels[output] = channels[first]
    // Sizes, the fourth input, say how many channels there are; scales do not.
    case "Resize" where node.input.count < 4 || node.input[3].isEmpty: channels[output] = channels[first]
    case let name where Self.elementwise.contains(name): combine(node)
    case "Concat" where node.integer("axis", default: 0) == 1: concatenate(node)
    case "Slice": slice(node, at: index)
    case "Split" where node.integer("axis", default: 0) == 1: split(node, at: index)
    default: pinAll(node)
    }
  }

  private mutating func convolve(_ node: Onnx_NodeProto, at index: Int, _ model: OnnxModel) throws {
    guard let convolution = try ConvolutionNode(node, at: index, stored: stored, modelName: model.name),
      convolution.groups == 1 || convolution.isDepthwise
    else { return pinAll(node) }
    let wanted = convolution.shape[1] * convolution.groups
    var input = channels[convolution.input] ?? []
    if input.isEmpty {
      // Nothing is known of where it comes from, so all of it stays.
      input = add(wanted)
      pinned.formUnion(input)
    }
    guard input.count == wanted else {
      throw OnnxModel.unsound(model.name, "has \(node.label) for \(wanted) channels, which gets \(input.count)")
    }
    let output = convolution.isDepthwise ? input : add(convolution.outputs)
    channels[convolution.output] = output
    convolutions.append(Convolution(node: convolution, inputs: input, outputs: output))
  }

  /// Element by element: equal channels are tied; a single stored number changes nothing; anything else pins.
  private mutating func combine(_ node: Onnx_NodeProto) {
    let tensors = node.input.compactMap { channels[$0] }
    let isPlain = node.input.allSatisfy { channels[$0] != nil || stored[$0].map { $0.elementCount == 1 } == true }
    guard isPlain, let first = tensors.first, tensors.allSatisfy({ $0.count == first.count }) else {
      return pinAll(node)
    }
    for other in tensors.dropFirst() { for (a, b) in zip(first, other) { tie(a, b) } }
    channels[node.output[0]] = first
  }

  private mutating func concatenate(_ node: Onnx_NodeProto) {
    let parts = node.input.compactMap { channels[$0] }
    guard parts.count == node.input.count else { return pinAll(node) }
    channels[node.output[0]] = parts.flatMap { $0 }
  }

  /// Along the channels with step 1, or along the picture's sides.
  private mutating func slice(_ node: Onnx_NodeProto, at index: Int) {
    func values(_ input: Int) -> [Int]? { node.input.count > input ? stored[node.input[input]]?.integers() : nil }
    guard let known = channels[node.input[0]], let starts = values(1), let ends = values(2), let axes = values(3),
      starts.count == axes.count, ends.count == axes.count
    else { return pinAll(node) }
    guard let place = axes.firstIndex(where: { $0 == 1 || $0 == -3 }) else {
      guard axes.allSatisfy({ (2...3).contains($0) || (-2 ... -1).contains($0) }) else { return pinAll(node) }
      channels[node.output[0]] = known
      return
    }
    guard axes.count == 1, node.input.count < 5 || values(4) == [1] else { return pinAll(node) }
    let bounds = [starts[place], ends[place]].map { value in
      let (shifted, overflow) = value.addingReportingOverflow(value < 0 ? known.count : 0)
      return overflow ? 0 : min(max(shifted, 0), known.count)
    }
    let range = bounds[0]..<max(bounds[0], bounds[1])
    channels[node.output[0]] = Array(known[range])
    cuts.append(Cut(node: index, input: known, ranges: [range]))
  }

  private mutating func split(_ node: Onnx_NodeProto, at index: Int) {
    let sizes = node.input.count > 1 ? stored[node.input[1]]?.integers() : node.integers("split")
    guard let known = channels[node.input[0]], let sizes, sizes.count == node.output.count,
      sizes.allSatisfy({ (0...known.count).contains($0) }), sizes.reduce(0, +) == known.count
    else { return pinAll(node) }
    var start = 0
    let ranges = sizes.map { size in
      defer { start += size }
      return start..<start + size
    }
    for (output, range) in zip(node.output, ranges) { channels[output] = Array(known[range]) }
    cuts.append(Cut(node: index, input: known, ranges: ranges))
  }
}
