import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Stages

/// The kernels give what the plain Swift gives, bit for bit, and read nothing but the pictures' own bytes.
@Suite struct AreaScalerKernelTests {
  @Test(arguments: ScalingFixtures.instructions, ScalingFixtures.formats)
  func givenRandomSizesAndStrides_whenScaled_thenKernelsAgreeWithSwift(
    _ instructions: InstructionSet, _ format: String
  ) throws {
    var random = SplitMix64(seed: 7)
    for index in 0..<120 {
      // Narrow ones have more edge; wide ones need every part of a kernel.
      let width = Int.random(in: 1...(index % 6 == 0 ? 700 : 90), using: &random)
      let height = Int.random(in: 1...30, using: &random)
      // Every other one becomes smaller by so much that a kernel adds 8 neighbours and more.
      let least = index % 2 == 0 ? (width + 59) / 60 : (width + 2) / 3
      let newWidth = Int.random(in: least...width, using: &random)
      let newHeight = Int.random(in: 1...height, using: &random)
      let guarded = try GuardedPicture(
        format, width, height, isFullRange: index % 3 == 0, isBT709: index % 5 == 0, using: &random)
      let picture = try #require(guarded.picture)
      let results = try [.none, instructions].map { (set: InstructionSet) in
        let scaler = try #require(
          AreaScaler(like: picture, width: newWidth, height: newHeight, instructions: set))
        return try ScalingFixtures.colors(scaler, picture, newWidth, newHeight)
      }
      #expect(results[0] == results[1], "\(width) x \(height) to \(newWidth) x \(newHeight)")
    }
  }

  @Test(arguments: ScalingFixtures.instructions)
  func givenBytes_whenNormalized_thenKernelsAgreeWithSwift(_ instructions: InstructionSet) throws {
    for width in [1, 7, 8, 15, 16, 17, 31, 33, 64, 100] {
      let rows = (0..<3).map { channel in (0..<width).map { UInt8(truncatingIfNeeded: $0 * 37 + channel * 11) } }
      let tensors = [.none, instructions].map { (set: InstructionSet) in
        ScalingFixtures.tensor(rows, mean: [0.485, 123.675, 10], scale: [1 / 255, 0.01712475, 3], set)
      }
      #expect(tensors[0] == tensors[1], "\(width)")
    }
  }
}
