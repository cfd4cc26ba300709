import EdgepipeCore

/// A convolution in floats, channels last, with its activation: of 1 x 1, or of each channel by itself.
///
/// From 1 x H x W x C to 1 x h x w x N, where h = (H + top + bottom - kernel) / stride + 1, w likewise. N is a multiple of 16.
/// What lies outside of the picture is zero.
///
/// Inputs: floats; weights N x C x 1 x 1, or C x 1 x height x width for each channel by itself; bias, N. All but the first are
/// constants of the model, which are read once. Attributes: `kernel_shape`, `strides`, `pads` (top, left, bottom, right),
/// `function` ("silu", "leaky_relu", "relu", "identity"), `alpha` (slope of leaky_relu below zero).
class FloatConvolution: OperatorKernel {
  class var name: String { "FloatConvolution" }
  class var output: OperatorElement { .float32 }
  static let inputs: [OperatorElement] = [.float32, .float32, .float32]
  static let worksInPlace = false

  private let window: ConvolutionWindow
  private let function: ActivationFunction
  private let quantizer: PlanarQuantizer?
  /// For the weights at this place in memory.
  private var packed: (weights: UInt, kernel: FloatKernel)?

  required init(_ attributes: OperatorAttributes) throws {
    window = try ConvolutionWindow(attributes, of: Self.name)
    function = try ActivationFunction(attributes)
    quantizer = Self.output == .uint8 ? try PlanarQuantizer(attributes, of: Self.name) : nil
  }

  func compute(_ call: OperatorCall) throws {
    let (shape, bytes) = try unsafe call.input(0)
    guard shape.count == 4, shape[0] == 1, let size = window.output(height: shape[1], width: shape[2]) else {
      throw OperatorCall.wrong(Self.name, "a window of \(window.height)x\(window.width) on the shape \(shape)")
    }
    let kernel = try kernel(call, channels: shape[3])
    let target = try unsafe call.output([1, size.rows, size.columns, kernel.outputs])
    let source = unsafe bytes.assumingMemoryBound(to: Float.self)
    guard kernel.isDepthwise else {
      return unsafe kernel.applyPointwise(source, places: shape[1] * shape[2], to: target)
    }
    let line = size.columns * kernel.outputs * (quantizer == nil ? MemoryLayout<Float>.stride : 1)
    for row in 0..<size.rows {
      for y in 0..<window.height {
        let at = row * window.strideY + y - window.top
        // SAFETY: only rows inside of the picture.
        unsafe kernel.rows[y] = (0..<shape[1]).contains(at) ? source + at * shape[2] * shape[3] : nil
      }
      unsafe kernel.applyDepthwise(length: shape[2], columns: size.columns, to: target + row * line)
    }
  }

  private func kernel(_ call: OperatorCall, channels: Int) throws -> FloatKernel {
    let (shape, weights) = try unsafe call.input(1)
    if let packed, packed.weights == UInt(bitPattern: weights) { return packed.kernel }
    let (biasShape, bias) = try unsafe call.input(2)
    let outputs = shape.first ?? 0
    let isDepthwise = shape == [channels, 1, window.height, window.width]
    guard outputs > 0, outputs % 16 == 0,
      isDepthwise || shape == [outputs, channels, 1, 1] && window.isOne,
      biasShape == [outputs], quantizer.map({ $0.factor.count == outputs }) ?? true
    else { throw OperatorCall.wrong(Self.name, "weights of the shape \(shape) for \(channels) channels") }
    // SAFETY: by their shapes and declared elements.
    let made = unsafe FloatKernel(
      window: window, weights: Array(weights.elements(shape.reduce(1, *), as: Float.self)),
      bias: Array(bias.elements(outputs, as: Float.self)), depth: shape[1], isDepthwise: isDepthwise,
      function: function,
      quantizer: quantizer)
    packed = (UInt(bitPattern: weights), made)
    return made
  }
}

/// The same, whose outputs become bytes: `value / scale[c] + zero[c]`, as in ``QuantizeFromPlanar``, whose attributes it has as
/// well.
final class QuantizingConvolution: FloatConvolution {
  override class var name: String { "QuantizingConvolution" }
  override class var output: OperatorElement { .uint8 }
}

extension ConvolutionWindow {
  /// A place by itself.
  fileprivate var isOne: Bool {
    [height, width, strideY, strideX] == [1, 1, 1, 1] && [top, left, bottom, right] == [0, 0, 0, 0]
  }
}
