import CKernels
import EdgepipeCore

/// The weights of a depthwise convolution, as the processor's instructions want them, and the sums of a row with them.
@safe final class DepthwiseKernel {
  /// Bytes that may be read behind what a tap needs.
  static let overrun = 64

  let channels: Int
  private let count: Int
  private let instructions: InstructionSet
  private let form: EKDepthwiseForm
  private let tapCount: Int
  /// Where each tap of a row begins: to be set before ``apply(to:count:)``.
  // SAFETY: as many as the form's groups hold, allocated in init, freed in deinit. The same holds for what follows.
  let taps: UnsafeMutablePointer<UnsafePointer<UInt8>?>
  private let weights: UnsafeMutablePointer<Int8>
  private let bias: UnsafeMutablePointer<Int32>
  private let factors: UnsafeMutablePointer<Float>

  /// - Parameters:
  ///   - taps: of each channel.
  ///   - weights: channel after channel.
  init(
    taps count: Int, weights: [Int8], factors: [Float], bias: [Int32], instructions: InstructionSet = .used
  ) {
    channels = factors.count
    (self.count, self.instructions) = (count, instructions)
    // The plain loop reads the form for AVX-512 as well as any.
    form = ek_depthwise_form(
      instructions == .none ? InstructionSet.avx512.number : instructions.number, channels, count)
    let lanes = form.blocks * form.block
    tapCount = form.groups * form.group
    unsafe taps = .allocate(capacity: tapCount)
    unsafe taps.initialize(repeating: nil, count: tapCount)
    unsafe self.weights = .allocate(capacity: max(form.weights, weights.count))
    unsafe self.bias = .allocate(capacity: lanes)
    unsafe self.factors = .allocate(capacity: lanes)
    // SAFETY: there is room for what the form says; the arrays are as long as channels and taps want.
    if instructions == .none {
      for (index, weight) in weights.enumerated() { unsafe self.weights[index] = weight }
      for channel in 0..<channels {
        unsafe self.bias[channel] = bias[channel]
        unsafe self.factors[channel] = factors[channel]
      }
    } else {
      unsafe ek_depthwise_pack(form, weights, bias, factors, self.weights, self.bias, self.factors)
    }
  }

  deinit {
    unsafe taps.deallocate()
    unsafe weights.deallocate()
    unsafe bias.deallocate()
    unsafe factors.deallocate()
  }

  /// Sums a row of `length` bytes, a multiple of the channels.
  func apply(to target: UnsafeMutablePointer<UInt8>, count length: Int) {
    for tap in count..<max(count, tapCount) { unsafe taps[tap] = unsafe taps[0] }
    // SAFETY: each tap has `length` bytes and ``overrun`` more.
    #if arch(x86_64)
      switch instructions {
      case .avx512:
        return unsafe ek_depthwise_avx512(taps, form.groups, target, length, weights, bias, factors, form.blocks)
      case .avx2:
        return unsafe ek_depthwise_avx2(taps, form.groups, target, length, weights, bias, factors, form.blocks)
      default: break
      }
    #elseif arch(arm64)
      if instructions == .neon {
        return unsafe ek_depthwise_neon(taps, form.groups, target, length, weights, bias, factors, form.blocks)
      }
    #endif
    unsafe applyPlainly(to: target, count: length)
  }

  /// The reference.
  private func applyPlainly(to target: UnsafeMutablePointer<UInt8>, count length: Int) {
    // SAFETY: every access lies within `length` bytes of a tap and of the target, and within the channels.
    for index in 0..<length {
      let channel = index % channels
      var sum = unsafe bias[channel]
      for tap in 0..<count {
        guard let from = unsafe taps[tap] else { continue }
        unsafe sum &+= Int32(from[index]) &* Int32(weights[channel * count + tap])
      }
      let scaled = unsafe Float(sum) * factors[channel]
      unsafe target[index] = UInt8(max(0, min(255, scaled)).rounded(.toNearestOrEven))
    }
  }
}
