@testable import EdgepipeCore
import Synchronization
import Testing

@testable import Detectors
@testable import Measure

@Suite("Drawing calibration pictures")
struct PictureSampleTests {
  private static let request = InputRequest(
    format: InputFormat(color: .rgb, placement: .topLeft, pad: 0), shape: .square, nominalSize: 32)

  /// Draws from 100 pictures, each known by its source's width.
  private func draw(
    _ count: Int, others: Int, seed: UInt64 = 1, isReserved: @escaping @Sendable (String) -> Bool = { _ in false }
  ) -> (drawn: [Int], others: [Int]) {
    let sample = PictureSample(Self.request, count: count, others: others, seed: seed, isReserved: isReserved) { _ in }
    for number in 1...100 {
      let geometry = LetterboxGeometry(sourceWidth: number, sourceHeight: 1, request: Self.request)
      let tensor = Tensor(shape: [1], element: .uint8, pool: BufferPool())
      sample.add(ModelInput(tensor: tensor, geometry: geometry), from: "\(number)")
    }
    return (sample.pictures.map(\.geometry.sourceWidth), sample.others.map(\.geometry.sourceWidth))
  }

  @Test("given a seed, when drawn, then the pictures are the same, whether or not others are wanted")
  func repeatable() {
    let first = draw(10, others: 0)
    #expect(first.others.isEmpty)
    #expect(draw(10, others: 20).drawn == first.drawn)
    #expect(draw(10, others: 20).others == draw(10, others: 20).others)
    #expect(draw(10, others: 0, seed: 2).drawn != first.drawn)
  }

  @Test("given many draws, when counted, then every picture has about the same chance, and none is drawn twice")
  func even() {
    var drawn = [Int](repeating: 0, count: 101), others = drawn
    for seed in 0..<400 {
      let result = draw(20, others: 20, seed: UInt64(seed))
      #expect(Set(result.drawn + result.others).count == 40)
      for number in result.drawn { drawn[number] += 1 }
      for number in result.others { others[number] += 1 }
    }
    // 400 draws with a chance of 1/5: 80 +- 8 (one standard deviation). Five of them leave room for 200 counts.
    #expect(drawn.dropFirst().allSatisfy { (40...120).contains($0) }, "\(drawn)")
    #expect(others.dropFirst().allSatisfy { (40...120).contains($0) }, "\(others)")
  }

  @Test("given reserved pictures, when drawn, then they are only ever among the others")
  func reserved() {
    let result = draw(100, others: 100) { (Int($0) ?? 0) % 2 == 0 }
    #expect(result.drawn == Array(stride(from: 1, through: 99, by: 2)))
    #expect(result.others == Array(stride(from: 2, through: 100, by: 2)))
  }
}
