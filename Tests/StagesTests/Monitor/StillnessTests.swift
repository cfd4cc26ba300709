import EdgepipeCore
import Testing

@testable import Stages

@Suite("Pictures that do not change")
struct StillnessTests {
  private func at(_ seconds: Double) -> Moment {
    Moment(time: MediaTime(seconds: seconds), wall: WallTime(nanoseconds: 0))
  }

  /// Looks twice a second; gives the seconds at which the picture counts as frozen with 15 s allowed.
  private func frozen(_ differences: [Double]) -> [Double] {
    var stillness = Stillness(), frozen: [Double] = []
    for (index, difference) in differences.enumerated() {
      let seconds = Double(index) / 2
      let isFrozen = frozen.last == seconds - 0.5
      stillness.take(difference, at: at(seconds), weight: 1 / Double(min(index, 600) + 1), learns: !isFrozen)
      if stillness.frozenSince(at: at(seconds), allowed: 15) != nil { frozen.append(seconds) }
    }
    return frozen
  }

  @Test("given a noisy stream, when it stands still to the last bit, then it is frozen after the time allowed")
  func identical() {
    let noise = (0..<100).map { 0.4 + 0.1 * Double($0 % 3) }
    let result = frozen(noise + [Double](repeating: 0, count: 60) + noise)
    #expect(result.first == 65 && result.last == 79.5)
  }

  @Test("given an encoder that repeats pictures up to the next key frame, when a night is quiet, then it is not frozen")
  func quietNight() {
    // Nothing but key frames changes the picture, every 8 s.
    #expect(frozen((0..<2000).map { $0 % 16 == 0 ? 0.3 : 0 }) == [])
    // The key frames stop as well: three times the usual run, since that is longer than what is allowed.
    let result = frozen((0..<200).map { $0 % 16 == 0 ? 0.3 : 0 } + [Double](repeating: 0, count: 100))
    #expect(result.first.map { (112...122).contains($0) } == true, "\(result)")
  }

  @Test("given a picture that never moved, when it stands still, then that is usual")
  func neverMoved() { #expect(frozen([Double](repeating: 0, count: 2000)) == []) }

  @Test("given a busy scene that becomes empty, when only noise is left, then it is not frozen")
  func emptyScene() {
    let busy = (0..<400).map { 8 + Double($0 % 5) }, noise = (0..<400).map { 0.2 + 0.05 * Double($0 % 2) }
    #expect(frozen(busy + noise) == [])
  }
}
