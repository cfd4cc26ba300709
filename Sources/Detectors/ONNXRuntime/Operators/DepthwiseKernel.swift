import CKernels
import EdgepipeCore

/// The weights of a depthwise convolution, as the processor's instructions want them, and the sums of a row with them.
@safe final class DepthwiseKernel {
  /// Bytes that may be read behind what a tap needs.
  static let overrun = 64

  let channels: Int
  private let count: Int
  private let instructions: InstructionSet
  /// Taps come in groups of four; those that are too many have no weights.
  private let groups: Int
  /// Where each tap of a row begins: to be set before ``apply(to:count:)``.
  // SAFETY: 4 x groups pointers, allocated in init, freed in deinit. The same holds for all that follow.
  let taps: UnsafeMutablePointer<UnsafePointer<UInt8>?>
  private let weights: UnsafeMutablePointer<Int8>
  private let bias: UnsafeMutablePointer<Int32>
  private let factors: UnsafeMutablePointer<Float>
  private let sums: UnsafeMutablePointer<Int32>

  /// - Parameters:
  ///   - taps: of each channel.
  ///   - weights: channel after channel.
  init(
    taps count: Int, weights: [Int8], factors: [Float], bias: [Int32], instructions: InstructionSet = .used
  ) {
    channels = factors.count
    self.count = count
    self.instructions = instructions == .avx512 ? .avx512 : .none
    groups = (count + 3) / 4
    let blocks = Self.blocks(channels), lanes = self.instructions == .avx512 ? blocks * 64 : channels
    unsafe taps = .allocate(capacity: 4 * groups)
    unsafe taps.initialize(repeating: nil, count: 4 * groups)
    unsafe self.weights = .allocate(capacity: lanes * 4 * groups)
    unsafe self.weights.initialize(repeating: 0, count: lanes * 4 * groups)
    unsafe self.bias = .allocate(capacity: lanes)
    unsafe self.factors = .allocate(capacity: lanes)
    unsafe sums = .allocate(capacity: channels)
    for lane in 0..<lanes {
      let channel = lane % channels
      let place = self.instructions == .avx512 ? lane / 64 * 64 + Self.place(lane % 64) : lane
      unsafe (self.bias + place).initialize(to: bias[channel])
      unsafe (self.factors + place).initialize(to: factors[channel])
      for tap in 0..<count {
        let at =
          self.instructions == .avx512
          ? (lane / 64 * groups + tap / 4) * 256 + Self.place(lane % 64) * 4 + tap % 4 : tap * channels + channel
        unsafe self.weights[at] = weights[channel * count + tap]
      }
    }
  }

  deinit {
    unsafe taps.deallocate()
    unsafe weights.deallocate()
    unsafe bias.deallocate()
    unsafe factors.deallocate()
    unsafe sums.deallocate()
  }

  /// Blocks of 64 bytes after which channels begin with a block again.
  private static func blocks(_ channels: Int) -> Int {
    var (a, b) = (channels, 64)
    while b != 0 { (a, b) = (b, a % b) }
    return channels / max(1, a)
  }

  /// Where a byte of a block has its sum: see `ek_depthwise_avx512`.
  private static func place(_ lane: Int) -> Int { lane % 16 / 4 * 16 + lane / 16 * 4 + lane % 4 }

  /// Sums a row of `count` bytes, a multiple of the channels.
  func apply(to target: UnsafeMutablePointer<UInt8>, count length: Int) {
    #if arch(x86_64)
      if instructions == .avx512 {
        for tap in count..<4 * groups { unsafe taps[tap] = unsafe taps[0] }
        // SAFETY: each tap has `length` bytes and ``overrun`` more.
        return unsafe ek_depthwise_avx512(
          taps, groups, target, length, weights, bias, factors, Self.blocks(channels))
      }
    #endif
    // SAFETY: every access lies within `length` bytes of a tap and of the target, and within the channels.
    for place in stride(from: 0, to: length, by: channels) {
      for channel in 0..<channels { unsafe sums[channel] = unsafe bias[channel] }
      for tap in 0..<count {
        guard let from = unsafe taps[tap] else { continue }
        let bytes = unsafe from + place, by = unsafe weights + tap * channels
        for channel in 0..<channels {
          unsafe sums[channel] &+= Int32(bytes[channel]) &* Int32(by[channel])
        }
      }
      for channel in 0..<channels {
        let scaled = unsafe Float(sums[channel]) * factors[channel]
        unsafe target[place + channel] = UInt8(max(0, min(255, scaled)).rounded(.toNearestOrEven))
      }
    }
  }
}
