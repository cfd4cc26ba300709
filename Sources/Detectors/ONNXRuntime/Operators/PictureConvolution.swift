import EdgepipeCore

/// A first convolution: reads a planar picture of bytes, multiplies integers and gives planar floats, through an activation.
///
/// From 1 x C x H x W to 1 x N x h x w, or 1 x h x w x N with channels last, where h = (H + top + bottom - kernel) / stride + 1, w likewise. An output is the sum
/// of products with the window's bytes, times its `scale`, plus its `bias`, through the function. Nothing is rounded but the
/// weights. Bytes outside of the picture are `fill[c]`.
///
/// Inputs: bytes; weights N x C x height x width; scales, N; bias, N. All but the first are constants of the model, which are
/// read once. Attributes: `kernel_shape`, `strides`, `pads` (top, left, bottom, right), `fill` (one byte a channel),
/// `function` ("silu", "leaky_relu", "relu", "identity"), `alpha` (slope of leaky_relu below zero),
/// `channels_last` (0 unless given; with 1, N is a multiple of 16).
final class PictureConvolution: OperatorKernel {
  static let name = "PictureConvolution"
  static let inputs: [OperatorElement] = [.uint8, .int8, .float32, .float32]
  static let output = OperatorElement.float32
  static let worksInPlace = false

  private let window: ConvolutionWindow
  private let fill: [UInt8]
  private let function: ActivationFunction
  private let isChannelsLast: Bool
  /// A ring of rows for each plane.
  private var planes: (width: Int, rows: [PaddedRows])?
  /// For the weights at this place in memory.
  private var packed: (weights: UInt, kernel: PictureKernel)?

  init(_ attributes: OperatorAttributes) throws {
    window = try ConvolutionWindow(attributes, of: Self.name)
    let bytes = try attributes.integers("fill")
    guard (1...16).contains(bytes.count), bytes.allSatisfy({ (0...255).contains($0) }), window.strideX <= 4 else {
      throw OperatorCall.wrong(Self.name, "fill \(bytes), strides up to 4: \(window.strideX)")
    }
    fill = bytes.map { UInt8($0) }
    function = try ActivationFunction(attributes)
    isChannelsLast = attributes.integer("channels_last", default: 0) == 1
  }

  func compute(_ call: OperatorCall) throws {
    let (shape, bytes) = try unsafe call.input(0)
    guard shape.count == 4, shape[0] == 1, shape[1] == fill.count,
      let size = window.output(height: shape[2], width: shape[3])
    else { throw OperatorCall.wrong(Self.name, "the shape \(shape) is not 1 x \(fill.count) x H x W, or too small") }
    let height = shape[2], width = shape[3]
    let kernel = try kernel(call)
    let planes = planes(width: width, columns: size.columns)
    let planar = [1, kernel.outputs, size.rows, size.columns]
    let last = [1, size.rows, size.columns, kernel.outputs]
    let target = try unsafe call.output(isChannelsLast ? last : planar).assumingMemoryBound(to: Float.self)
    let source = unsafe bytes.assumingMemoryBound(to: UInt8.self)
    for row in 0..<size.rows {
      for channel in fill.indices {
        for y in 0..<window.height {
          let sourceRow = row * window.strideY + y - window.top
          let line = unsafe planes[channel].line(sourceRow, of: height) { line in
            // SAFETY: only rows inside of the picture are copied; a line has room for them and for the padding.
            unsafe (line + window.left).update(from: source + (channel * height + sourceRow) * width, count: width)
          }
          unsafe kernel.rows[channel * window.height + y] = line
        }
      }
      if isChannelsLast {
        unsafe kernel.applyChannelsLast(to: target + row * size.columns * kernel.outputs, columns: size.columns)
      } else {
        unsafe kernel.apply(to: target + row * size.columns, plane: size.rows * size.columns, columns: size.columns)
      }
    }
  }

  private func planes(width: Int, columns: Int) -> [PaddedRows] {
    if let known = planes, known.width == width {
      for rows in known.rows { rows.forget() }
      return known.rows
    }
    let bytes = max(width + window.left + window.right, PictureKernel.reach(columns: columns, window: window))
    let made = fill.map { PaddedRows(window: window.height, lineBytes: bytes, padding: $0) }
    planes = (width, made)
    return made
  }

  private func kernel(_ call: OperatorCall) throws -> PictureKernel {
    let (shape, weights) = try unsafe call.input(1)
    if let packed, packed.weights == UInt(bitPattern: weights) { return packed.kernel }
    let (scaleShape, scales) = try unsafe call.input(2), (biasShape, bias) = try unsafe call.input(3)
    guard shape.count == 4, (1...4096).contains(shape[0]),
      shape.dropFirst() == [fill.count, window.height, window.width],
      scaleShape == [shape[0]], biasShape == [shape[0]], !isChannelsLast || shape[0] % 16 == 0
    else { throw OperatorCall.wrong(Self.name, "weights of the shape \(shape)") }
    // SAFETY: by their shapes and declared elements.
    let made = unsafe PictureKernel(
      rows: fill.count * window.height, window: window, function: function,
      weights: Array(weights.elements(shape.reduce(1, *), as: Int8.self)),
      scales: Array(scales.elements(shape[0], as: Float.self)), bias: Array(bias.elements(shape[0], as: Float.self)))
    packed = (UInt(bitPattern: weights), made)
    return made
  }
}
