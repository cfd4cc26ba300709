import Testing

@testable import Stages

@Suite("What is wrong with a view")
struct PictureRulesTests {
  private func verdict(_ change: (inout PictureFigures) -> Void) -> PictureRules.Verdict {
    var figures = PictureFigures(
      brightness: 0.5, usualBrightness: 0.5, contrast: 0.2, usualContrast: 0.2, sharpness: 1, texturedParts: 100,
      lostShare: 0.02, matchShare: 0.9, likeness: 0, difference: 0.5)
    change(&figures)
    return PictureRules.verdict(figures)
  }

  @Test("given figures on either side of a limit, when judged, then each fault has its own sign")
  func limits() {
    #expect(verdict { _ in } == .well)
    #expect(verdict { ($0.lostShare, $0.likeness) = (0.5, 0.49) } == .bad(.covered))
    #expect(verdict { ($0.lostShare, $0.likeness) = (0.5, 0.5) } == .bad(.blurred))
    #expect(verdict { ($0.lostShare, $0.likeness) = (0.49, 0.5) } == .unclear)
    #expect(verdict { $0.matchShare = 0.34 } == .bad(.turned))
    #expect(verdict { $0.matchShare = 0.4 } == .unclear)
    #expect(verdict { ($0.lostShare, $0.likeness, $0.matchShare) = (0.6, 0.9, 0.1) } == .bad(.blurred))
    #expect(verdict { ($0.lostShare, $0.likeness, $0.matchShare) = (0.6, 0.2, 0.1) } == .bad(.turned))
    #expect(
      verdict { ($0.lostShare, $0.likeness, $0.matchShare, $0.sharpness) = (0.4, 0.9, 0.1, 0.5) } == .bad(.blurred))
    #expect(
      verdict { ($0.lostShare, $0.likeness, $0.matchShare, $0.sharpness) = (0.4, 0.9, 0.1, 0.9) } == .bad(.turned))
    // Of a picture that has lost nearly all, the rest does not say where it is.
    #expect(verdict { ($0.lostShare, $0.matchShare, $0.likeness) = (0.85, 0, 0) } == .bad(.covered))
    #expect(verdict { ($0.lostShare, $0.brightness, $0.likeness) = (0.3, 0.2, 0.8) } == .bad(.dark))
    #expect(verdict { ($0.lostShare, $0.brightness, $0.likeness) = (1, 0, 0) } == .bad(.covered))
    #expect(verdict { ($0.lostShare, $0.brightness) = (0.3, 0.9) } == .bad(.bright))
    // Most of it is white, whatever the rest shows; but not where it usually is.
    #expect(verdict { ($0.lostShare, $0.brightness) = (0.1, 0.95) } == .bad(.bright))
    #expect(verdict { ($0.lostShare, $0.brightness, $0.usualBrightness) = (0.1, 0.95, 0.75) } == .well)
    #expect(verdict { ($0.lostShare, $0.brightness) = (0.1, 0.94) } == .well)
    // A dim picture that keeps its detail is one that can be used.
    #expect(verdict { $0.brightness = 0.1 } == .well)
  }

  @Test("given a stream that usually shows next to no detail, when judged, then nothing is said of it")
  func noDetail() { #expect(verdict { ($0.texturedParts, $0.lostShare) = (7, 1) } == .well) }

  @Test("given glare that was told, when only its detail comes back, then it goes on until it is darker")
  func glareGoesOn() {
    func isStillBright(_ brightness: Double, usually usual: Double) -> Bool {
      PictureRules.isStillBright(
        PictureFigures(
          brightness: brightness, usualBrightness: usual, contrast: 0.2, usualContrast: 0.2, sharpness: 1,
          texturedParts: 100, lostShare: 0.02, matchShare: 0.9, likeness: 0, difference: 0.5))
    }
    #expect(isStillBright(0.8, usually: 0.6) && !isStillBright(0.79, usually: 0.6))
    #expect(isStillBright(0.97, usually: 0.8) && !isStillBright(0.95, usually: 0.8))
  }

  @Test("given pairs of numbers, when correlated, then it is Pearson's coefficient, and 0 where one side is constant")
  func correlation() {
    var some = Correlation(), same = Correlation(), opposite = Correlation(), constant = Correlation()
    for (a, b) in [(1, 2), (2, 1), (3, 4), (4, 3), (5, 5)] as [(Float, Float)] {
      some.add(a, b)
      same.add(a, 2 * a + 100)
      opposite.add(a, -a)
      constant.add(a, 7)
    }
    #expect(abs(some.value - 0.8) < 1e-5, "numpy.corrcoef([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])")
    #expect(abs(same.value - 1) < 1e-3 && abs(opposite.value + 1) < 1e-3)
    #expect(constant.value == 0 && Correlation().value == 0)
  }
}
