import Foundation
import Testing

@testable import Detectors
@testable import EdgepipeCore
@testable import Measure

/// Does what a closure says with the pictures' values: [batch, 3 x height x width] in, one output out.
private final class FakeModel: InferenceSession {
  let inputs = [TensorDescription(name: "x", element: .float32, shape: [nil, 3, nil, nil])]
  let outputs = [TensorDescription(name: "y", element: .float32, shape: [nil, nil])]
  private let compute: ([[Float]]) -> (shape: [Int], values: [Float])

  init(_ compute: @escaping ([[Float]]) -> (shape: [Int], values: [Float])) { self.compute = compute }

  func run<Result>(_ input: Tensor, _ body: (borrowing ModelOutputs) throws -> Result) throws -> Result {
    // SAFETY: the values are copied within the closure that they are lent to.
    let pictures = unsafe input.withFloats { floats in
      let size = floats.count / input.shape[0]
      return (0..<input.shape[0]).map { unsafe Array(floats[$0 * size..<($0 + 1) * size]) }
    }
    let result = compute(pictures)
    // SAFETY: the buffer is lent to `body` only.
    return try unsafe result.values.withUnsafeBufferPointer { values in
      try unsafe body(ModelOutputs([.init(shape: result.shape, values: values)]))
    }
  }
}

@Suite("The check of batches")
struct BatchCheckTests {
  private let format = InputFormat(color: .rgb, placement: .topLeft, pad: 114)

  private func check(_ compute: @escaping ([[Float]]) -> (shape: [Int], values: [Float])) throws {
    try BatchCheck(FakeModel(compute), format: format, seed: 1).run(
      BenchConfiguration(height: 8, width: 8, batch: 4))
  }

  private func mean(_ values: [Float]) -> Float { values.reduce(0, +) / Float(values.count) }

  @Test("Given a model that treats each picture by itself, when checked, then it passes")
  func passes() throws {
    try check { ([$0.count, 2], $0.flatMap { [self.mean($0), $0[0]] }) }
    // Other kernels round otherwise.
    try check { pictures in ([pictures.count, 1], pictures.map { self.mean($0) * (pictures.count > 1 ? 1.001 : 1) }) }
  }

  @Test("Given a model that pours all pictures into one, when checked, then it is refused")
  func mixes() {
    let error = #expect(throws: PipelineError.self) { try check { ([1, $0.count], $0.map(self.mean)) } }
    #expect(error?.exit == .dataError && error?.message.contains("[1, 4]") == true)
  }

  @Test("Given a model that swaps pictures, or looks at all of them, when checked, then it is refused")
  func leaks() {
    let swapped = #expect(throws: PipelineError.self) { try check { ([$0.count, 1], $0.reversed().map(self.mean)) } }
    #expect(swapped?.message.contains("picture") == true)
    #expect(throws: PipelineError.self) {
      try check { pictures in ([pictures.count, 1], pictures.map { _ in pictures.map(self.mean).reduce(0, +) }) }
    }
    #expect(throws: PipelineError.self) { try check { ([$0.count, 1], $0.map { $0[0] * .nan }) } }
  }

  @Test("Given an input format, when pictures are made, then their values are normalised pixels, the same each time")
  func pictures() {
    var format = format
    format.mean = [10, 20, 30]
    format.scale = [1, 2, 0.5]
    let configuration = BenchConfiguration(height: 4, width: 4, batch: 2)
    func values(_ seed: UInt64, _ pictures: Range<Int>? = nil) -> [Float] {
      let tensor = RandomPictures.tensor(configuration, format: format, seed: seed, pictures: pictures)
      // SAFETY: the values are copied within the closure.
      return unsafe tensor.withFloats { unsafe Array($0) }
    }
    let both = values(1)
    #expect(both.count == 2 * 3 * 16)
    #expect(both == values(1) && both != values(2))
    #expect(Array(both[48...]) == values(1, 1..<2) && Array(both[..<48]) == values(1, 0..<1))
    // A pixel is whole in the first picture, which has its full brightness.
    for (place, value) in both[..<48].enumerated() {
      let pixel = value / format.scale[place / 16] + format.mean[place / 16]
      #expect((0...255).contains(pixel) && abs(pixel - pixel.rounded()) < 1e-4)
    }
    format.element = .uint8
    let bytes = RandomPictures.tensor(configuration, format: format, seed: 1)
    #expect(bytes.element == .uint8 && bytes.buffer.byteCount == 2 * 3 * 16)
  }
}
