import CKernels
import EdgepipeCore
import Foundation

/// The weights of a first convolution, as the processor's instructions want them, and a row of its outputs.
@safe final class PictureKernel {
  let outputs: Int
  private let rowCount: Int, taps: Int, stride: Int
  private let function: ActivationFunction
  private let scales: [Float], bias: [Float]
  private let instructions: InstructionSet
  private let form: EKPictureForm
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
    form = ek_picture_convolution_form(
      instructions == .none ? InstructionSet.avx512.number : instructions.number, outputs, rows, window.width)
    unsafe self.rows = .allocate(capacity: rows)
    unsafe self.rows.initialize(repeating: nil, count: rows)
    unsafe self.weights = .allocate(capacity: max(form.weights, weights.count))
    // SAFETY: there is room for what the form says, and the array is as long as outputs, rows and width want.
    if instructions == .none {
      for (index, weight) in weights.enumerated() { unsafe self.weights[index] = weight }
    } else {
      unsafe ek_picture_convolution_pack(form, weights, self.weights)
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
    // SAFETY: rows are readable as far as ``reach(columns:window:)`` says.
    #if arch(x86_64)
      switch instructions {
      case .avx512:
        return unsafe ek_picture_convolution_avx512(
          rows, rowCount, form.groups, stride, target, plane, columns, weights, outputs, scales, bias, function.number,
          function.slope)
      case .avx2:
        return unsafe ek_picture_convolution_avx2(
          rows, rowCount, form.groups, stride, target, plane, columns, weights, outputs, scales, bias, function.number,
          function.slope)
      default: break
      }
    #elseif arch(arm64)
      if instructions == .neon {
        return unsafe ek_picture_convolution_neon(
          rows, rowCount, form.groups, stride, target, plane, columns, weights, outputs, scales, bias, function.number,
          function.slope)
      }
    #endif
    unsafe applyPlainly(to: target, plane: plane, step: 1, columns: columns)
  }

  /// A row of `columns` of every output; the outputs, a multiple of sixteen, lie side by side.
  func applyChannelsLast(to target: UnsafeMutablePointer<Float>, columns: Int) {
    #if arch(x86_64)
      if instructions == .avx512 {
        // SAFETY: as above.
        return unsafe ek_picture_convolution_channels_last_avx512(
          rows, rowCount, form.groups, stride, target, columns, weights, outputs, scales, bias, function.number,
          function.slope)
      }
    #endif
    unsafe applyPlainly(to: target, plane: 1, step: outputs, columns: columns)
  }

  /// The reference; columns lie `step` elements apart.
  private func applyPlainly(to target: UnsafeMutablePointer<Float>, plane: Int, step: Int, columns: Int) {
    for output in 0..<outputs {
      for column in 0..<columns {
        var sum: Int32 = 0
        for row in 0..<rowCount {
          // SAFETY: within the row's taps, the weights and the target.
          guard let bytes = unsafe rows[row] else { continue }
          let by = unsafe weights + (output * rowCount + row) * taps
          for tap in 0..<taps { unsafe sum &+= Int32(bytes[column * stride + tap]) &* Int32(by[tap]) }
        }
        unsafe target[output * plane + column * step] = function.float(Float(sum) * scales[output] + bias[output])
      }
    }
  }
}

extension ActivationFunction {
  /// The number that kernels know it by.
  var number: Int32 {
    switch self {
    case .identity: 0
    case .silu: 1
    case .relu, .leakyReLU: 2
    }
  }

  /// The slope below zero.
  var slope: Float { if case .leakyReLU(let alpha) = self { Float(alpha) } else { 0 } }

  func float(_ x: Float) -> Float {
    switch self {
    case .silu: x / (1 + exp(-x))
    case .relu: max(x, 0)
    case .identity: x
    case .leakyReLU(let alpha): x < 0 ? Float(alpha) * x : x
    }
  }
}
