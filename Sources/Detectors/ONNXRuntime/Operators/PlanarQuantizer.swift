import CKernels
import EdgepipeCore

/// Planes of floats as channels-last bytes: `value * factor[c] + shift[c]`, kept within 0...255 and rounded to the nearest even.
struct PlanarQuantizer {
  let factor: [Float], shift: [Float]
  private let instructions: InstructionSet

  init(factor: [Float], shift: [Float], instructions: InstructionSet = .used) {
    (self.factor, self.shift, self.instructions) = (factor, shift, instructions)
  }

  /// By the attributes of ``QuantizeFromPlanar``.
  ///
  /// - Parameter name: the operator's, for errors.
  init(_ attributes: OperatorAttributes, of name: String) throws {
    let scale = try attributes.floats("scale"), zero = try attributes.floats("zero")
    guard scale.count == zero.count, scale.allSatisfy({ $0 > 0 && (1 / $0).isFinite }) else {
      throw OperatorCall.wrong(name, "scales must be positive, and as many as zeros")
    }
    self.init(factor: scale.map { 1 / $0 }, shift: zero)
  }

  /// - Parameters:
  ///   - source: a plane of `places` floats for each channel.
  ///   - target: as many bytes.
  func apply(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<UInt8>, places: Int) {
    let channels = factor.count
    // SAFETY: the caller's promise; there are as many factors and shifts as channels.
    #if arch(x86_64)
      switch instructions {
      case .avx512: return unsafe ek_quantize_planar_avx512(source, places, target, places, channels, factor, shift)
      case .avx2: return unsafe ek_quantize_planar_avx2(source, places, target, places, channels, factor, shift)
      default: break
      }
    #endif
    for channel in 0..<channels {
      let plane = unsafe source + channel * places, first = unsafe target + channel
      let factor = factor[channel], shift = shift[channel]
      for place in 0..<places { unsafe first[place &* channels] = Self.byte(plane[place] * factor + shift) }
    }
  }

  func byte(_ value: Float, channel: Int) -> UInt8 { Self.byte(value * factor[channel] + shift[channel]) }

  /// The nearest byte. Numbers from 2^23 have no room for fractions, so adding 2^23 rounds, ties to even, and leaves the
  /// whole number in the lowest bits: several times as fast as a conversion, which must look at every case.
  @inline(__always)
  private static func byte(_ value: Float) -> UInt8 {
    let kept = max(0, min(value, 255))
    return UInt8(truncatingIfNeeded: (kept + 0x1p23).bitPattern)
  }
}
