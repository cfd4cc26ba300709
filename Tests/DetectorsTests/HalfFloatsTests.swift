import Testing

@testable import Detectors

@Suite struct HalfFloatsTests {
  /// All 65,536 of them, against the processor's or the compiler's own conversion.
  @Test func givenEveryHalfFloat_whenWidened_thenItIsTheSameNumber() {
    let halves = (0...UInt16.max).map { $0 }
    let floats = HalfFloats()
    // SAFETY: copied while the object that lends them lives.
    let widened = withExtendedLifetime(floats) {
      unsafe halves.withUnsafeBufferPointer { unsafe Array(floats.widen($0)) }
    }
    let wrong = zip(halves, widened).filter { half, value in
      let expected = Float(Float16(bitPattern: half))
      return expected.isNaN ? !value.isNaN : expected.bitPattern != value.bitPattern
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")
  }

  @Test func givenFewerThanBefore_whenWidened_thenOnlyTheseAreLent() {
    let floats = HalfFloats()
    for count in [3, 8, 2, 0] {
      let halves = [UInt16](repeating: 0x3C00, count: count)
      // SAFETY: as above.
      let widened = unsafe halves.withUnsafeBufferPointer { unsafe Array(floats.widen($0)) }
      #expect(widened == [Float](repeating: 1, count: count))
    }
    withExtendedLifetime(floats) {}
  }
}
