/// One operation of the part of a model that runs in integers. Tensors keep the names of the float model.
struct IntegerStep {
  enum Operation {
    case convolution(FloatConvolution)
    case activation(ActivationFunction)
    case add
    /// Along the channels.
    case concatenation
    case maximum(window: Int, stride: Int, pads: [Int])
    case upsample(factor: Int)
  }

  var operation: Operation
  var inputs: [String]
  var output: String
  /// The nodes that it stands for, by their places in the float graph.
  var nodes: [Int]

  var convolution: FloatConvolution? { if case .convolution(let value) = operation { value } else { nil } }
  var activation: ActivationFunction? { if case .activation(let value) = operation { value } else { nil } }
}

/// The weights and the geometry of a convolution.
struct FloatConvolution {
  /// Outputs x (inputs / groups) x height x width.
  var shape: [Int]
  var weights: [Float]
  var bias: [Float]
  var groups: Int
  var strides: [Int]
  /// Top, left, bottom, right.
  var pads: [Int]

  var outputs: Int { shape[0] }
  var inputs: Int { shape[1] * groups }
  var isDepthwise: Bool { groups > 1 }
  var isPadded: Bool { pads.contains { $0 > 0 } }
  /// A product of matrices: every place by itself.
  var isPointwise: Bool { taps == 1 && groups == 1 && strides == [1, 1] && !isPadded }
  /// Weights that make one output.
  var depth: Int { shape[1] * shape[2] * shape[3] }
  var taps: Int { shape[2] * shape[3] }
}
