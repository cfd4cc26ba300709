import CKernels
import EdgepipeCore
import Foundation

/// A first convolution: reads a planar picture of bytes, multiplies integers and gives planar floats, through an activation.
///
/// From 1 x C x H x W to 1 x N x h x w, where h = (H + top + bottom - kernel) / stride + 1, w likewise. An output is the sum
/// of products with the window's bytes, times its `scale`, plus its `bias`, through the function. Nothing is rounded but the
/// weights. Bytes outside of the picture are `fill[c]`.
///
/// Inputs: bytes; weights N x C x height x width; scales, N; bias, N. All but the first are constants of the model, which are
/// read once. Attributes: `kernel_shape`, `strides`, `pads` (top, left, bottom, right), `fill` (one byte a channel),
/// `function` ("silu", "leaky_relu", "relu", "identity"), `alpha` (slope of leaky_relu below zero).
final class PictureConvolution: OperatorKernel {
  static let name = "PictureConvolution"
  static let inputs: [OperatorElement] = [.uint8, .int8, .float32, .float32]
  static let output = OperatorElement.float32
  static let worksInPlace = false

  private let window: ConvolutionWindow
  private let fill: [UInt8]
  private let function: ActivationFunction
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
  }

  func compute(_ call: OperatorCall) throws {
    let (shape, bytes) = try unsafe call.input(0)
    guard shape.count == 4, shape[0] == 1, shape[1] == fill.count,
      let size = window.output(height: shape[2], width: shape[3])
    else { throw OperatorCall.wrong(Self.name, "the shape \(shape) is not 1 x \(fill.count) x H x W, or too small") }
    let height = shape[2], width = shape[3]
    let kernel = try kernel(call)
    let planes = planes(width: width, columns: size.columns)
    let target = try unsafe call.output([1, kernel.outputs, size.rows, size.columns])
      .assumingMemoryBound(to: Float.self)
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
      unsafe kernel.apply(to: target + row * size.columns, plane: size.rows * size.columns, columns: size.columns)
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
    guard shape.count == 4, (1...4096).contains(shape[0]), shape.dropFirst() == [fill.count, window.height, window.width],
      scaleShape == [shape[0]], biasShape == [shape[0]]
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

/// The weights of a first convolution, as the processor's instructions want them, and a row of its outputs.
@safe final class PictureKernel {
  let outputs: Int
  private let rowCount: Int, taps: Int, stride: Int
  /// Taps of a row come in groups of four; those that are too many have no weights.
  private let groups: Int
  private let function: ActivationFunction
  private let scales: [Float], bias: [Float]
  private let instructions: InstructionSet
  /// Where each row of each plane begins: to be set before ``apply(to:plane:columns:)``.
  // SAFETY: one pointer a row, allocated in init, freed in deinit; so are the weights.
  let rows: UnsafeMutablePointer<UnsafePointer<UInt8>?>
  private let weights: UnsafeMutablePointer<Int8>

  /// - Parameters:
  ///   - rows: of all planes together.
  ///   - weights: outputs x rows x width of the window.
  init(
    rows: Int, window: ConvolutionWindow, function: ActivationFunction, weights: [Int8], scales: [Float], bias: [Float],
    instructions: InstructionSet = .used
  ) {
    (rowCount, taps, stride) = (rows, window.width, window.strideX)
    (self.function, self.scales, self.bias, self.instructions) = (function, scales, bias, instructions)
    outputs = scales.count
    groups = (taps + 3) / 4
    unsafe self.rows = .allocate(capacity: rows)
    unsafe self.rows.initialize(repeating: nil, count: rows)
    let count = (outputs + 15) / 16 * 16 * rows * groups * 4
    unsafe self.weights = .allocate(capacity: count)
    unsafe self.weights.initialize(repeating: 0, count: count)
    for output in 0..<outputs {
      for row in 0..<rows {
        for tap in 0..<taps {
          let block = (output / 16 * rows + row) * groups + tap / 4
          unsafe self.weights[(block * 16 + output % 16) * 4 + tap % 4] = weights[(output * rows + row) * taps + tap]
        }
      }
    }
  }

  deinit {
    unsafe rows.deallocate()
    unsafe weights.deallocate()
  }

  /// Bytes of a row that may be read.
  static func reach(columns: Int, window: ConvolutionWindow) -> Int {
    (columns + 15) / 16 * 16 * window.strideX + (window.width + 3) / 4 * 4 + 64
  }

  /// A row of `columns` of every output; outputs lie `plane` elements apart.
  func apply(to target: UnsafeMutablePointer<Float>, plane: Int, columns: Int) {
    #if arch(x86_64)
      if instructions == .avx512 {
        // SAFETY: rows are readable as far as ``reach(columns:window:)`` says.
        return unsafe ek_picture_convolution_avx512(
          rows, rowCount, groups, stride, target, plane, columns, weights, outputs, scales, bias, function.number,
          function.slope)
      }
    #endif
    let function = function
    for output in 0..<outputs {
      for column in 0..<columns {
        var sum: Int32 = 0
        for row in 0..<rowCount {
          // SAFETY: within the row's taps, the weights and the target.
          guard let bytes = unsafe rows[row] else { continue }
          for tap in 0..<taps {
            let block = (output / 16 * rowCount + row) * groups + tap / 4
            let weight = unsafe weights[(block * 16 + output % 16) * 4 + tap % 4]
            unsafe sum &+= Int32(bytes[column * stride + tap]) &* Int32(weight)
          }
        }
        let value = Float(sum) * scales[output] + bias[output]
        unsafe target[output * plane + column] = function.float(value)
      }
    }
  }
}

extension ActivationFunction {
  /// The number that kernels know it by.
  fileprivate var number: Int32 {
    switch self {
    case .identity: 0
    case .silu: 1
    case .relu, .leakyReLU: 2
    }
  }

  /// The slope below zero.
  fileprivate var slope: Float { if case .leakyReLU(let alpha) = self { Float(alpha) } else { 0 } }

  fileprivate func float(_ x: Float) -> Float {
    switch self {
    case .silu: x / (1 + exp(-x))
    case .relu: max(x, 0)
    case .identity: x
    case .leakyReLU(let alpha): x < 0 ? Float(alpha) * x : x
    }
  }
}
