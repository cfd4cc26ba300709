@testable import EdgepipeCore
import Testing

@testable import Measure

@Suite("Whether a step is worth it")
struct StepRuleTests {
  private static let float = StepRule.Figures(bytes: 1000, cpuMs: 10, accuracy: LadderAccuracy(ap: 0.300))

  private func verdict(
    _ rule: StepRule, bytes: Int = 1000, cpuMs: Double? = 10, ap: Double? = 0.300, agreement: Agreement? = nil
  ) -> StepRule.Decision {
    let after = StepRule.Figures(bytes: bytes, cpuMs: cpuMs, accuracy: LadderAccuracy(ap: ap, agreement: agreement))
    return rule.verdict(after: after, before: Self.float, float: Self.float)
  }

  private static let forMemory = StepRule(decides: true, savesMemory: true)
  private static let forSpeed = StepRule(decides: true, savesMemory: false)

  @Test("given more loss than allowed, when judged, then the step is left out, however fast it is")
  func loss() {
    let verdict = verdict(Self.forMemory, bytes: 100, cpuMs: 1, ap: 0.289)
    #expect(!verdict.isKept)
    #expect(verdict.reason == "1.1 points of AP below the float model, 1.0 allowed")
    #expect(self.verdict(Self.forMemory, bytes: 100, ap: 0.2901).isKept)
    var wide = Self.forMemory
    wide.limits = .init(2)
    #expect(self.verdict(wide, bytes: 100, ap: 0.289).isKept)
  }

  @Test("given a loss against the float model, when judged, then a step is not measured against the step before it")
  func sumOfLosses() {
    let before = StepRule.Figures(bytes: 1000, cpuMs: 10, accuracy: LadderAccuracy(ap: 0.292))
    let after = StepRule.Figures(bytes: 500, cpuMs: 5, accuracy: LadderAccuracy(ap: 0.286))
    // 0.6 below the step before, 1.4 below the float model.
    #expect(!Self.forMemory.verdict(after: after, before: before, float: Self.float).isKept)
  }

  @Test(
    "given neither speed nor size, when judged, then the step is left out; size alone counts where memory is scarce")
  func gain() {
    #expect(!verdict(Self.forSpeed).isKept)
    #expect(verdict(Self.forSpeed, cpuMs: 9).isKept)
    #expect(!verdict(Self.forSpeed, bytes: 500, cpuMs: 10.1).isKept)
    #expect(verdict(Self.forMemory, bytes: 500, cpuMs: 10.1).isKept)
    // 1 % is no gain: less than two measurements of the same model differ by.
    #expect(!verdict(Self.forMemory, bytes: 990, cpuMs: 9.9).isKept)
    #expect(verdict(Self.forSpeed).reason == "not faster: 1.00 times as fast, 1.00 of the size")
  }

  @Test("given no measured speed, when judged, then it does not speak against the step")
  func unmeasured() {
    #expect(verdict(Self.forSpeed, cpuMs: nil).isKept)
    #expect(!verdict(Self.forSpeed, cpuMs: nil, ap: 0.2).isKept)
  }

  @Test("given steps asked for by hand, when judged, then all are kept and the loss is told")
  func byHand() {
    let rule = StepRule(decides: false, savesMemory: true)
    let verdict = verdict(rule, ap: 0.2)
    #expect(verdict.isKept)
    #expect(verdict.reason.contains("10.0 points of AP below the float model"))
  }

  @Test("given no ground truth, when judged, then the share of common detections decides")
  func agreement() {
    func detection(_ x: Float) -> Detection {
      Detection(label: "car", classIndex: 0, score: 0.9, box: Box(x: x, y: 0, width: 10, height: 10))
    }
    // Of 4 the other model finds 2: F1 = 2 x 2 / 6 = 0.667, 33 points lost of 25 allowed.
    var half = Agreement()
    half.add(a: [0, 20, 40, 60].map(detection), b: [0, 20].map(detection))
    let verdict = verdict(Self.forMemory, bytes: 100, ap: nil, agreement: half)
    #expect(!verdict.isKept)
    #expect(verdict.reason == "33.3 points of F1 below the float model's own detections, 25.0 allowed")
    // Where both are known, AP decides.
    #expect(self.verdict(Self.forMemory, bytes: 100, agreement: half).isKept)
  }
}
