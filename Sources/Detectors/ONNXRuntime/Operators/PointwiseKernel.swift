import CKernels
import EdgepipeCore
import Foundation

/// The weights of a convolution of 1 x 1, as the processor's instructions want them, and its sums.
@safe final class PointwiseKernel: @unchecked Sendable {
  let depth: Int, outputs: Int
  private let instructions: InstructionSet
  // SAFETY (also @unchecked Sendable): `weights`, `bias` and `factors` are for whole blocks of sixteen outputs; all are
  // allocated in init, written there and never again, freed in deinit.
  private let weights: UnsafeMutablePointer<Int8>
  private let bias: UnsafeMutablePointer<Int32>
  private let factors: UnsafeMutablePointer<Float>

  /// - Parameters:
  ///   - depth: bytes of a place, a multiple of four.
  ///   - weights: output after output.
  init(depth: Int, weights: [Int8], factors: [Float], bias: [Int32], instructions: InstructionSet = .used) {
    (self.depth, self.instructions) = (depth, instructions)
    outputs = factors.count
    let whole = (outputs + 15) / 16 * 16
    unsafe self.weights = .allocate(capacity: whole * depth)
    unsafe self.weights.initialize(repeating: 0, count: whole * depth)
    unsafe self.bias = .allocate(capacity: whole)
    unsafe self.bias.initialize(repeating: 0, count: whole)
    unsafe self.factors = .allocate(capacity: whole)
    unsafe self.factors.initialize(repeating: 0, count: whole)
    for output in 0..<outputs {
      unsafe self.bias[output] = bias[output]
      unsafe self.factors[output] = factors[output]
      for index in 0..<depth {
        let place = ((output / 16 * (depth / 4) + index / 4) * 16 + output % 16) * 4 + index % 4
        unsafe self.weights[place] = weights[output * depth + index]
      }
    }
  }

  /// The kernel of these numbers, which all sessions of a model share.
  static func shared(
    depth: Int, weights: UnsafeBufferPointer<Int8>, factors: UnsafeBufferPointer<Float>,
    bias: UnsafeBufferPointer<Int32>
  ) -> PointwiseKernel {
    var bytes = Data()
    unsafe bytes.append(weights)
    unsafe bytes.append(factors)
    unsafe bytes.append(bias)
    return known.object(for: Contents(depth: depth, digest: FileHash.sha256(of: bytes))) {
      unsafe PointwiseKernel(
        depth: depth, weights: Array(weights), factors: Array(factors), bias: Array(bias))
    }
  }

  /// In place of the numbers themselves, which the kernel holds in another order.
  private struct Contents: Hashable {
    var depth: Int
    var digest: String
  }

  private static let known = SharedConstants<Contents, PointwiseKernel>()

  deinit {
    unsafe weights.deallocate()
    unsafe bias.deallocate()
    unsafe factors.deallocate()
  }

  func apply(_ source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>, places: Int) {
    #if arch(x86_64)
      if instructions == .avx512 {
        // SAFETY: the caller's promise: `depth` and `outputs` bytes for each place.
        return unsafe ek_pointwise_avx512(source, target, places, depth, outputs, weights, bias, factors)
      }
    #endif
    for place in 0..<places {
      // SAFETY: as above, and within the weights' blocks.
      let from = unsafe source + place * depth, to = unsafe target + place * outputs
      for output in 0..<outputs {
        var sum = unsafe bias[output]
        for index in 0..<depth {
          let weight = unsafe weights[((output / 16 * (depth / 4) + index / 4) * 16 + output % 16) * 4 + index % 4]
          unsafe sum &+= Int32(from[index]) &* Int32(weight)
        }
        let scaled = unsafe Float(sum) * factors[output]
        unsafe to[output] = UInt8(max(0, min(255, scaled)).rounded(.toNearestOrEven))
      }
    }
  }
}
