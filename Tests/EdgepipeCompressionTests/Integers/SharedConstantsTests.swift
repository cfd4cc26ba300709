import Testing

@testable import Detectors

@Suite struct SharedConstantsTests {
  private final class Object: Sendable {}

  @Test func givenTwoWhoAskForOneKeyThenItIsMadeOnce() {
    let shared = SharedConstants<String, Object>()
    var made = 0
    let make = {
      made += 1
      return Object()
    }
    let first = shared.object(for: "a", make: make), second = shared.object(for: "a", make: make)
    let other = shared.object(for: "b", make: make)
    #expect(first === second)
    #expect(first !== other)
    #expect(made == 2)
  }

  @Test func givenNobodyWhoHoldsItThenItIsGoneAndMadeAgain() {
    let shared = SharedConstants<String, Object>()
    weak var gone: Object?
    do {
      let held = shared.object(for: "a") { Object() }
      gone = held
      #expect(gone != nil)
    }
    #expect(gone == nil)
    var made = 0
    _ = shared.object(for: "a") {
      made += 1
      return Object()
    }
    #expect(made == 1)
  }

  @Test func givenTheSameWeightsThenTwoSessionsShareTheirKernelAndOthersDoNot() {
    let weights = [Int8](0..<64), factors = [Float](repeating: 0.5, count: 8), bias = [Int32](0..<8)
    func kernel(_ weights: [Int8], _ bias: [Int32]) -> PointwiseKernel {
      unsafe weights.withUnsafeBufferPointer { weights in
        unsafe factors.withUnsafeBufferPointer { factors in
          unsafe bias.withUnsafeBufferPointer { bias in
            unsafe PointwiseKernel.shared(depth: 8, weights: weights, factors: factors, bias: bias)
          }
        }
      }
    }
    let first = kernel(weights, bias)
    #expect(first === kernel(weights, bias))
    #expect(first !== kernel(weights, bias.reversed()))
    #expect(first !== kernel(weights.reversed(), bias))
  }
}
