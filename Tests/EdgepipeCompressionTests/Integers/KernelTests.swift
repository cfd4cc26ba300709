import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Detectors

/// Kernels with the processor's instructions against the Swift that does the same.
@Suite("Kernels beside their references")
struct KernelTests {
  @Test(
    "given tables and bytes of any size, when they are looked up, then both give the same",
    arguments: [1, 2, 15, 16, 17, 48, 64, 130], [0, 1, 7, 63, 64, 65, 300])
  func tables(channels: Int, places: Int) {
    var random = SplitMix64(seed: UInt64(channels * 1000 + places))
    var values = (0..<channels * 256).map { _ in UInt8.random(in: 0...255, using: &random) }
    if channels == 1 { values[255] = 3 }
    let sets: [InstructionSet] = [.none, .ofProcessor]
    let results = sets.map { set -> [UInt8] in
      let tables = ChannelTables(channels: channels, instructions: set) { values[$0 * 256 + $1] }
      var bytes = SplitMix64(seed: 9)
      let source = (0..<places * max(3, channels)).map { _ in UInt8.random(in: 0...255, using: &bytes) }
      // Three bytes more between places, which stay as they are.
      let width = max(3, channels), step = width + 3
      var target = [UInt8](repeating: 99, count: places * step)
      // SAFETY: both arrays have as many places as are looked up.
      unsafe source.withUnsafeBufferPointer { source in
        unsafe target.withUnsafeMutableBufferPointer { target in
          guard let from = source.baseAddress, let to = target.baseAddress else { return }
          unsafe tables.apply(from, to: to, places: places, width: channels == 1 ? width : channels, targetStep: step)
        }
      }
      return target
    }
    #expect(results[0] == results[1])
  }

  @Test("given a name of a narrower set, when kernels ask, then they are held to it, and to nothing that is not there")
  func sets() {
    #expect(InstructionSet.allowed(.avx512, asked: nil) == .avx512)
    #expect(InstructionSet.allowed(.avx512, asked: "avx2") == .avx2)
    #expect(InstructionSet.allowed(.avx512, asked: "none") == .none)
    #expect(InstructionSet.allowed(.avx2, asked: "avx512") == .avx2)
    #expect(InstructionSet.allowed(.neon, asked: "avx2") == .neon)
    #expect(InstructionSet.allowed(.avx2, asked: "other") == .avx2)
  }

  /// What this processor has and what it can be held to, the reference first.
  private static let sets = InstructionSet.allCases.filter {
    InstructionSet.allowed(InstructionSet.ofProcessor, asked: $0.rawValue) == $0
  }

  @Test(
    "given planes of floats of any size, when they become bytes, then both give the same",
    arguments: [1, 7, 8, 16, 19, 40], [1, 15, 31, 64, 65, 200])
  func planes(channels: Int, places: Int) {
    var random = SplitMix64(seed: UInt64(channels * 1000 + places))
    // Halves between two bytes, and what is none: infinite, not a number, below zero.
    let strange: [Float] = [.nan, .infinity, -.infinity, -0.0, 2.5, 3.5, 300]
    let values = (0..<channels * places).map { index in
      index % 5 == 0 ? strange[index / 5 % strange.count] : Float.random(in: -20...150, using: &random)
    }
    let factor = (0..<channels).map { $0 % 3 == 0 ? 1 : Float.random(in: 0.1...3, using: &random) }
    let shift = (0..<channels).map { $0 % 3 == 0 ? 0 : Float.random(in: -50...50, using: &random) }
    let results = Self.sets.map { set -> [UInt8] in
      let quantizer = PlanarQuantizer(factor: factor, shift: shift, instructions: set)
      var bytes = [UInt8](repeating: 99, count: values.count)
      // SAFETY: both arrays hold channels x places elements.
      unsafe values.withUnsafeBufferPointer { source in
        unsafe bytes.withUnsafeMutableBufferPointer { target in
          guard let from = source.baseAddress, let to = target.baseAddress else { return }
          unsafe quantizer.apply(from, to: to, places: places)
        }
      }
      return bytes
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  @Test(
    "given a row of bytes, when each channel is convolved by itself, then all instructions give the same",
    arguments: [1, 3, 16, 24, 48, 64, 128], [4, 9, 25])
  func depthwise(channels: Int, taps: Int) {
    var random = SplitMix64(seed: UInt64(channels * 100 + taps))
    let length = channels * 21, weights = (0..<channels * taps).map { _ in Int8.random(in: -128...127, using: &random) }
    let factors = (0..<channels).map { _ in Float.random(in: 0.001...0.002, using: &random) }
    // Sums around the middle of what a byte holds.
    let bias = (0..<channels).map { channel in
      80_000 - 128 * weights[channel * taps..<(channel + 1) * taps].reduce(0) { $0 + Int32($1) }
    }
    let bytes = (0..<length * 2 + DepthwiseKernel.overrun).map { _ in UInt8.random(in: 0...255, using: &random) }
    let starts = (0..<taps).map { _ in Int.random(in: 0...length, using: &random) }
    let results = Self.sets.map { set -> [UInt8] in
      let kernel = DepthwiseKernel(taps: taps, weights: weights, factors: factors, bias: bias, instructions: set)
      var target = [UInt8](repeating: 77, count: length + 9)
      // SAFETY: from each start a row and what may be read behind it lie in the array.
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe target.withUnsafeMutableBufferPointer { target in
          guard let from = bytes.baseAddress, let to = target.baseAddress else { return }
          for tap in 0..<taps { unsafe kernel.taps[tap] = from + starts[tap] }
          unsafe kernel.apply(to: to, count: length)
        }
      }
      return target
    }
    for (set, result) in zip(Self.sets, results) { #expect(result == results[0], "\(set)") }
    #expect(Set(results[0].prefix(length)).count > 1)
  }

  @Test(
    "given places, when they are multiplied with the outputs' weights, then all instructions give the same",
    arguments: [4, 20, 64], [1, 16, 33, 130])
  func pointwise(depth: Int, outputs: Int) {
    var random = SplitMix64(seed: UInt64(depth * 1000 + outputs))
    let weights = (0..<depth * outputs).map { _ in Int8.random(in: -128...127, using: &random) }
    let factors = (0..<outputs).map { _ in Float.random(in: 0.001...0.01, using: &random) }
    let bias = (0..<outputs).map { _ in Int32.random(in: -20000...20000, using: &random) }
    for places in [1, 5, 12, 31] {
      let bytes = (0..<places * depth).map { _ in UInt8.random(in: 0...255, using: &random) }
      let results = Self.sets.map { set -> [UInt8] in
        let kernel = PointwiseKernel(
          depth: depth, weights: weights, factors: factors, bias: bias, instructions: set)
        var target = [UInt8](repeating: 77, count: places * outputs + 9)
        // SAFETY: both hold as many places.
        unsafe bytes.withUnsafeBufferPointer { bytes in
          unsafe target.withUnsafeMutableBufferPointer { target in
            guard let from = bytes.baseAddress, let to = target.baseAddress else { return }
            unsafe kernel.apply(from, to: to, places: places)
          }
        }
        return target
      }
      for (set, result) in zip(Self.sets, results) { #expect(result == results[0], "\(set), \(places) places") }
    }
  }
}
