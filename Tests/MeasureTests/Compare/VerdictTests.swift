import Testing

@testable import Measure

@Suite("The verdict")
struct VerdictTests {
  /// A change whose parts are chosen freely.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var change: Double
    var interval: ClosedRange<Double>?
    var p: Double
    var d: Double
    var quality: Quality
    var decision: Verdict.Decision
    var difference: Verdict.Difference
    var firstReason: String

    var testDescription: String { name }
  }

  static let agrees = Quality.agreement(f1: 0.97)

  static let cases: [Case] = [
    // Speed decides.
    Case(
      name: "clearly faster", change: -0.2, interval: -0.25...(-0.15), p: 0.001, d: -4, quality: agrees,
      decision: .deploy, difference: .faster,
      firstReason: "B's latency is 20.0 % lower, more than 10.0 % (p = 0.0010, |d| = 4.00)"),
    Case(
      name: "faster by exactly the bar", change: -0.10, interval: -0.12...(-0.08), p: 0.001, d: -4, quality: agrees,
      decision: .keepMeasuring, difference: .faster, firstReason: "B's latency may be up to 12.0 % lower"),
    Case(
      name: "faster, surely by less than the bar", change: -0.07, interval: -0.08...(-0.06), p: 0.001, d: -4,
      quality: agrees, decision: .hold, difference: .faster,
      firstReason: "B's latency is 7.0 % lower, not more than 10.0 %"),
    Case(
      name: "faster by a change too small to count", change: -0.03, interval: -0.04...(-0.02), p: 0.001, d: -4,
      quality: agrees, decision: .hold, difference: .none, firstReason: "no difference of 5.0 % or more was found"),
    Case(
      name: "equal", change: 0.004, interval: -0.03...0.04, p: 0.8, d: 0.1, quality: agrees, decision: .hold,
      difference: .none, firstReason: "no difference of 5.0 % or more was found (p = 0.8000, |d| = 0.10)"),
    Case(
      name: "perhaps faster", change: -0.15, interval: -0.35...0.05, p: 0.12, d: -1, quality: agrees,
      decision: .keepMeasuring, difference: .none, firstReason: "B's latency may be up to 35.0 % lower"),
    Case(
      name: "perhaps anything", change: 0.05, interval: -0.2...0.3, p: 0.6, d: 0.3, quality: agrees,
      decision: .keepMeasuring, difference: .none, firstReason: "B's latency may be up to 20.0 % lower"),
    Case(
      name: "clearly slower", change: 0.2, interval: 0.15...0.25, p: 0.001, d: 4, quality: agrees, decision: .hold,
      difference: .slower, firstReason: "B's latency is 20.0 % higher (p = 0.0010, |d| = 4.00)"),
    Case(
      name: "p at the limit is no evidence", change: -0.2, interval: -0.4...0, p: 0.05, d: -2, quality: agrees,
      decision: .keepMeasuring, difference: .none, firstReason: "B's latency may be up to 40.0 % lower"),
    Case(
      name: "sure, but small beside the spread", change: -0.2, interval: -0.35...(-0.05), p: 0.01, d: -0.5,
      quality: agrees, decision: .hold, difference: .none,
      firstReason: "B's latency is 20.0 % lower, which is small compared with the variation between runs"),
    Case(
      name: "a baseline that is all noise", change: -0.2, interval: nil, p: 0.5, d: -0.4, quality: agrees,
      decision: .keepMeasuring, difference: .none, firstReason: "A's latency varies too much for a relative change"),
    // Quality decides, whatever the speed.
    Case(
      name: "faster, finds other things", change: -0.2, interval: -0.25...(-0.15), p: 0.001, d: -4,
      quality: .agreement(f1: 0.899), decision: .hold, difference: .faster,
      firstReason: "B's detections agree with A's with F1 0.899, less than 0.900"),
    Case(
      name: "faster, agrees just enough", change: -0.2, interval: -0.25...(-0.15), p: 0.001, d: -4,
      quality: .agreement(f1: 0.9), decision: .deploy, difference: .faster, firstReason: "B's latency is 20.0 % lower"),
    Case(
      name: "perhaps faster, finds other things", change: -0.15, interval: -0.35...0.05, p: 0.12, d: -1,
      quality: .agreement(f1: 0.5), decision: .hold, difference: .none,
      firstReason: "B's detections agree with A's with F1 0.500"),
    Case(
      name: "faster, nothing to find", change: -0.2, interval: -0.25...(-0.15), p: 0.001, d: -4,
      quality: .agreement(f1: nil), decision: .keepMeasuring, difference: .faster,
      firstReason: "neither A nor B detected anything in these frames"),
    Case(
      name: "equal, nothing to find", change: 0, interval: -0.02...0.02, p: 1, d: 0, quality: .agreement(f1: nil),
      decision: .hold, difference: .none, firstReason: "no difference of 5.0 % or more was found"),
    Case(
      name: "faster, loses as much as it may", change: -0.2, interval: -0.25...(-0.15), p: 0.001, d: -4,
      quality: .accuracy(lossPoints: 1), decision: .deploy, difference: .faster,
      firstReason: "B's latency is 20.0 % lower"),
    Case(
      name: "faster, loses more than it may", change: -0.2, interval: -0.25...(-0.15), p: 0.001, d: -4,
      quality: .accuracy(lossPoints: 1.3), decision: .hold, difference: .faster,
      firstReason: "B loses 1.30 points of AP, more than 1.00"),
    Case(
      name: "faster and better", change: -0.2, interval: -0.25...(-0.15), p: 0.001, d: -4,
      quality: .accuracy(lossPoints: -2), decision: .deploy, difference: .faster,
      firstReason: "B's latency is 20.0 % lower"),
  ]

  @Test(
    "given each outcome, when judged, then the decision, the difference and the reason that decides follow",
    arguments: cases)
  func table(_ row: Case) {
    let change = RelativeChange(change: row.change, interval: row.interval, pValue: row.p, effect: row.d)
    let verdict = VerdictRule().verdict(latency: change, quality: row.quality)
    #expect(verdict.decision == row.decision)
    #expect(verdict.difference == row.difference)
    #expect(verdict.reasons.count == 2)
    #expect(verdict.reasons.first?.hasPrefix(row.firstReason) == true, "\(verdict.reasons)")
  }

  @Test("given latencies that cannot be compared, when judged, then more must be measured, unless B finds other things")
  func incomparable() {
    #expect(VerdictRule().verdict(latency: nil, quality: Self.agrees).decision == .keepMeasuring)
    #expect(VerdictRule().verdict(latency: nil, quality: .agreement(f1: 0.1)).decision == .hold)
  }

  @Test("given an experiment that was ended, when judged, then no latency settles anything, but other findings do")
  func ended() {
    let change = RelativeChange(change: -0.2, interval: -0.25...(-0.15), pValue: 0.001, effect: -4)
    let verdict = VerdictRule().verdict(latency: change, quality: Self.agrees, ended: "ended early")
    #expect(verdict.decision == .keepMeasuring)
    #expect(verdict.reasons.first?.hasPrefix("ended early; so far: B's latency is 20.0 % lower") == true)
    #expect(
      VerdictRule().verdict(latency: change, quality: .agreement(f1: 0.1), ended: "ended early").decision == .hold)
  }

  @Test("given other bounds, when judged, then they hold")
  func bounds() {
    var rule = VerdictRule()
    rule.maximumLoss = 3
    rule.minimumAgreement = 0.5
    let change = RelativeChange(change: -0.2, interval: -0.25...(-0.15), pValue: 0.001, effect: -4)
    #expect(rule.verdict(latency: change, quality: .accuracy(lossPoints: 2.9)).decision == .deploy)
    #expect(rule.verdict(latency: change, quality: .agreement(f1: 0.6)).decision == .deploy)
    #expect(rule.verdict(latency: change, quality: .accuracy(lossPoints: 3.1)).decision == .hold)
  }

  @Test("given every decision, when the table is read, then it has each of them")
  func complete() {
    #expect(Set(Self.cases.map(\.decision)) == Set(Verdict.Decision.allCases))
  }
}
