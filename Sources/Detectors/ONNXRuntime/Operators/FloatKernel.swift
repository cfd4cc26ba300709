import CKernels
import EdgepipeCore

/// The weights of a convolution in floats, channels last, of 1 x 1 or of each channel by itself, and its outputs.
@safe final class FloatKernel {
  let outputs: Int
  let isDepthwise: Bool
  private let depth: Int
  private let window: ConvolutionWindow
  private let function: ActivationFunction
  private let quantizer: PlanarQuantizer?
  private let instructions: InstructionSet
  /// Where each row of a depthwise window begins, nil outside of the picture: to be set before
  /// ``applyDepthwise(length:columns:to:)``.
  // SAFETY: all are allocated in init, freed in deinit: a pointer a row; the weights; bias, factors and shifts, one an output.
  let rows: UnsafeMutablePointer<UnsafePointer<Float>?>
  private let weights: UnsafeMutablePointer<Float>
  private let constants: UnsafeMutablePointer<Float>

  /// - Parameters:
  ///   - weights: output after output, `depth` of each, or as many as the window has taps.
  ///   - bias: a multiple of sixteen.
  ///   - depth: inputs of an output; 1 where each channel is convolved by itself.
  ///   - quantizer: for outputs that become bytes.
  init(
    window: ConvolutionWindow, weights: [Float], bias: [Float], depth: Int, isDepthwise: Bool,
    function: ActivationFunction, quantizer: PlanarQuantizer?, instructions: InstructionSet = .used
  ) {
    (self.window, self.depth, self.isDepthwise) = (window, depth, isDepthwise)
    (self.function, self.quantizer, self.instructions) = (function, quantizer, instructions)
    let outputs = bias.count, taps = window.height * window.width
    self.outputs = outputs
    unsafe rows = .allocate(capacity: window.height)
    unsafe rows.initialize(repeating: nil, count: window.height)
    unsafe self.weights = .allocate(capacity: weights.count)
    for (index, weight) in weights.enumerated() {
      let place =
        isDepthwise
        ? index % taps * outputs + index / taps
        : (index / depth / 16 * depth + index % depth) * 16 + index / depth % 16
      // SAFETY: a place of its own for each weight.
      unsafe (self.weights + place).initialize(to: weight)
    }
    unsafe constants = .allocate(capacity: 3 * outputs)
    for (index, value) in (bias + (quantizer?.factor ?? bias) + (quantizer?.shift ?? bias)).enumerated() {
      unsafe (constants + index).initialize(to: value)
    }
  }

  deinit {
    unsafe rows.deallocate()
    unsafe weights.deallocate()
    unsafe constants.deallocate()
  }

  /// - Parameters:
  ///   - source: `depth` floats for each place.
  ///   - target: room for all outputs: bytes where there is a quantizer, else floats.
  func applyPointwise(_ source: UnsafePointer<Float>, places: Int, to target: UnsafeMutableRawPointer) {
    #if arch(x86_64)
      if instructions == .avx512 {
        var output = unsafe output(to: target)
        // SAFETY: the caller's promise; the constants live as long as this object.
        return unsafe ek_float_pointwise_avx512(source, places, depth, outputs, weights, &output)
      }
    #endif
    for index in 0..<places * outputs {
      let output = index % outputs
      // SAFETY: within the place's inputs, and within the weights.
      let from = unsafe source + index / outputs * depth
      let by = unsafe weights + output / 16 * depth * 16 + output % 16
      var sum = unsafe constants[output]
      for input in 0..<depth { sum = unsafe sum.addingProduct(from[input], by[input * 16]) }
      unsafe put(sum, at: index, to: target)
    }
  }

  /// A row of outputs.
  ///
  /// - Parameters:
  ///   - length: places of each row.
  ///   - target: as in ``applyPointwise(_:places:to:)``.
  func applyDepthwise(length: Int, columns: Int, to target: UnsafeMutableRawPointer) {
    #if arch(x86_64)
      if instructions == .avx512 {
        var output = unsafe output(to: target)
        var form = EKFloatWindow(
          channels: outputs, height: window.height, width: window.width, stride: window.strideX, left: window.left)
        // SAFETY: rows are `length` places long; the constants live as long as this object.
        return unsafe ek_float_depthwise_avx512(rows, &form, length, columns, weights, &output)
      }
    #endif
    for index in 0..<columns * outputs {
      let output = index % outputs, start = index / outputs * window.strideX - window.left
      var sum = unsafe constants[output]
      for y in 0..<window.height {
        guard let row = unsafe rows[y] else { continue }
        for x in 0..<window.width where (0..<length).contains(start + x) {
          // SAFETY: within the row, and within the weights.
          let weight = unsafe weights[(y * window.width + x) * outputs + output]
          sum = unsafe sum.addingProduct(row[(start + x) * outputs + output], weight)
        }
      }
      unsafe put(sum, at: index, to: target)
    }
  }

  private func put(_ sum: Float, at index: Int, to target: UnsafeMutableRawPointer) {
    let value = function.float(sum)
    // SAFETY: the caller's promise: room for all outputs.
    guard let quantizer else {
      return unsafe target.storeBytes(of: value, toByteOffset: index * MemoryLayout<Float>.stride, as: Float.self)
    }
    unsafe target.storeBytes(of: quantizer.byte(value, channel: index % outputs), toByteOffset: index, as: UInt8.self)
  }

  #if arch(x86_64)
    private func output(to target: UnsafeMutableRawPointer) -> EKFloatOutput {
      // SAFETY: the caller's memory holds what the quantizer's presence says.
      unsafe EKFloatOutput(
        floats: quantizer == nil ? target.assumingMemoryBound(to: Float.self) : nil,
        bytes: quantizer == nil ? nil : target.assumingMemoryBound(to: UInt8.self), bias: constants,
        function: function.number, slope: function.slope, factors: constants + outputs, shifts: constants + 2 * outputs)
    }
  #endif
}
