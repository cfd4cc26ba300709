import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore

@Suite("Times")
struct TimesTests {
  @Test(
    "given wall times from 1901 to 2100, when written, then they equal Foundation's ISO 8601",
    arguments: [UInt64](0..<20))
  func iso8601(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime]
    for _ in 0..<50 {
      let seconds = Int64.random(in: -2_147_483_648...4_102_444_800, using: &random)
      let milliseconds = Int64.random(in: 0...999, using: &random)
      let text = WallTime(nanoseconds: seconds * 1_000_000_000 + milliseconds * 1_000_000).iso8601
      let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
      #expect(text == expected.dropLast() + "." + String(format: "%03d", Int(milliseconds)) + "Z")
    }
  }

  @Test("given extreme values, when times are added, then they saturate instead of overflowing")
  func saturation() {
    #expect(MonotonicTime(nanoseconds: .max).advanced(byNanoseconds: 1).nanoseconds == .max)
    #expect(MonotonicTime(nanoseconds: 0).advanced(byMilliseconds: .infinity).nanoseconds == .max)
    #expect(MediaTime(seconds: .nan).nanoseconds == 0)
    #expect(MediaTime(seconds: -1e300).nanoseconds == .min)
  }
}

@Suite("Boxes")
struct GeometryTests {
  @Test("given two boxes of 10 x 10 shifted by 5, when compared, then IoU is 25 / 175")
  func iou() {
    let a = Box(x: 0, y: 0, width: 10, height: 10), b = Box(x: 5, y: 5, width: 10, height: 10)
    #expect(abs(a.iou(b) - 25.0 / 175.0) < 1e-6)
    #expect(a.iou(a) == 1)
    #expect(a.iou(Box(x: 20, y: 0, width: 5, height: 5)) == 0)
  }

  @Test("property: IoU is symmetric and in 0...1, clipped boxes lie inside", arguments: [UInt64](0..<20))
  func properties(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    func box() -> Box {
      Box(
        x: .random(in: -50...150, using: &random), y: .random(in: -50...150, using: &random),
        width: .random(in: -5...100, using: &random), height: .random(in: -5...100, using: &random))
    }
    for _ in 0..<200 {
      let a = box(), b = box()
      #expect(a.iou(b) == b.iou(a))
      #expect((0...1).contains(a.iou(b)))
      let clipped = a.clipped(toWidth: 100, height: 80)
      #expect(clipped.x >= 0 && clipped.y >= 0 && clipped.maxX <= 100.001 && clipped.maxY <= 80.001)
      #expect(clipped.width >= 0 && clipped.height >= 0)
    }
  }
}
