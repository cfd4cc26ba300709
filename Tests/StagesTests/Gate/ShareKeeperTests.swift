import EdgepipeCore
import Testing

@testable import Pipeline
@testable import Stages

@Suite("The share of frames that a cascade sends")
struct ShareKeeperTests {
  /// Numbers that are the same in each run.
  private struct Doubts {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 40) / Double(1 << 24)
    }
  }

  private func answers(
    _ doubts: [Double], share: Double, least: Double = 0, window: Int = 100
  ) -> [ShareKeeper.Answer] {
    var keeper = ShareKeeper()
    return doubts.map { keeper.ask($0, share: share, least: least, window: window) }
  }

  /// Doubts of several kinds: noise, few levels, long stretches of a busy and of a quiet scene, a rise without end.
  private static func course(_ kind: Int, _ count: Int) -> [Double] {
    var noise = Doubts(UInt64(kind) + 1)
    return (0..<count).map { index in
      switch kind {
      case 0: noise.next()
      case 1: (noise.next() * 4).rounded(.down)
      case 2: index / 300 % 2 == 0 ? noise.next() * 10 + 20 : noise.next()
      case 3: Double(index)
      default: 7
      }
    }
  }

  @Test(
    "given any course of doubts, when frames are asked about, then at no instant is more than the share sent",
    arguments: 0..<5, [0.01, 0.1, 0.4, 0.75, 1])
  func bound(kind: Int, share: Double) {
    let answers = answers(Self.course(kind, 3000), share: share)
    var sent = 0
    for (index, answer) in answers.enumerated() {
      sent += answer == .sent ? 1 : 0
      #expect(Double(sent) <= share * Double(index + 1) + 1e-6, "after \(index + 1) frames")
    }
  }

  @Test(
    "given doubts that differ, when there are many frames, then the share is used, and by those with the most doubt",
    arguments: [0.1, 0.25, 0.4, 0.6])
  func use(share: Double) {
    let doubts = Self.course(0, 4000)
    let answers = Array(answers(doubts, share: share, window: 250).dropFirst(1000))
    let sent = answers.count { $0 == .sent }
    #expect(abs(Double(sent) / 3000 - share) < 0.02, "\(sent)")
    let late = Array(doubts.dropFirst(1000))
    let best = late.sorted(by: >)[Int(share * 3000)]
    let right = zip(late, answers).count { $0 > best && $1 == .sent }
    #expect(Double(right) / Double(sent) > 0.85, "\(right) of \(sent)")
  }

  @Test("given a quiet scene and then a busy one, when the busy one begins, then what was saved is spent on it")
  func burst() {
    let doubts = [Double](repeating: 0, count: 500) + [Double](repeating: 9, count: 100)
    let answers = answers(doubts, share: 0.4, window: 250)
    #expect(answers.prefix(500).allSatisfy { $0 == .sure }, "no doubt is no reason")
    #expect(answers.suffix(100).allSatisfy { $0 == .sent })
  }

  @Test("given frames that are all as doubtful, when a third is sent, then they are spread evenly")
  func even() {
    let sent = answers(Self.course(4, 300), share: 1.0 / 3).enumerated().filter { $0.element == .sent }.map(\.offset)
    #expect(sent.count == 100)
    #expect(zip(sent.dropFirst(), sent).allSatisfy { $0 - $1 == 3 }, "\(sent)")
  }

  @Test("given a share of all, when doubts reach the least one, then they are sent, and no others")
  func limit() {
    let doubts = Self.course(1, 500)
    let answers = answers(doubts, share: 1, least: 2)
    #expect(zip(doubts, answers).allSatisfy { ($0 >= 2) == ($1 == .sent) })
    #expect(zip(doubts, self.answers(doubts, share: 1)).allSatisfy { ($0 > 0) == ($1 == .sent) })
  }

  @Test("given a window that changes, when frames go on, then the last doubts are kept in their order")
  func window() {
    var keeper = ShareKeeper(), same = ShareKeeper()
    let doubts = Self.course(0, 400)
    for doubt in doubts.prefix(130) { _ = keeper.ask(doubt, share: 0.5, least: 0, window: 100) }
    // What a keeper of the smaller window has seen of late is what the other one still knows.
    for doubt in doubts.prefix(130) { _ = same.ask(doubt, share: 0.5, least: 0, window: 20) }
    _ = keeper.ask(1, share: 0.5, least: 0, window: 20)
    _ = same.ask(1, share: 0.5, least: 0, window: 20)
    #expect(keeper.highest(20) == same.highest(20))
    for doubt in doubts.suffix(100) {
      _ = keeper.ask(doubt, share: 0.5, least: 0, window: 60)
      _ = same.ask(doubt, share: 0.5, least: 0, window: 60)
    }
    #expect(keeper.highest(60) == same.highest(60) && keeper.highest(100).count == 60)
  }
}

@Suite("Rules of doubt")
struct DoubtRuleTests {
  private let scores: [Float] = [0.9, 0.3, 0.25, 0.1, 0.02, 0.01]

  private func doubt(_ rule: DoubtRule) -> Double { rule.doubt(scores, low: 0.0201, high: 0.3001) }

  @Test("given scores, when measured, then those between the limits count, each rule by its own measure")
  func rules() {
    #expect(doubt(.candidates) == 3)
    #expect(abs(doubt(.missed) - 0.65) < 1e-6)
    let entropies = 0.610864 + 0.562335 + 0.325083
    #expect(abs(doubt(.entropy) - entropies) < 1e-5)
    for rule in DoubtRule.allCases {
      #expect(rule.doubt([0.9, 0.95], low: 0.1, high: 0.5) == 0)
      #expect(rule.doubt([1], low: 0.1, high: 1).isFinite)
    }
  }
}

@Suite("The gate of a cascade")
struct CascadeGateTests {
  private func header(_ sequence: Int, _ stream: String = "a") -> FrameHeader {
    FrameHeader(
      stream: StreamInfo(id: stream, sourceStage: stream, isLive: true), sequence: sequence,
      mediaTime: MediaTime(seconds: Double(sequence) / 25), captured: MonotonicTime(nanoseconds: 0),
      capturedWall: WallTime(nanoseconds: 0), source: "t", width: 64, height: 48)
  }

  private func doubts(_ count: Int) -> DoubtfulCandidates {
    DoubtfulCandidates(
      (0..<count).map { _ in
        Detection(label: "person", classIndex: 0, score: 0.2, box: Box(x: 0, y: 0, width: 5, height: 5))
      })
  }

  private func settings(share: Double, interval: Int = 1) -> GateSettings {
    var gate = GateSettings(interval: interval)
    var cascade = CascadeSettings()
    (cascade.of, cascade.share) = ("small", share)
    gate.cascade = cascade
    return gate
  }

  @Test("given two streams, when one is full of doubt, then the other one keeps its own share")
  func streams() throws {
    let settings = settings(share: 0.5)
    let record = CascadeRecord(try #require(settings.cascade))
    var gate = DetectionGate(settings, record: record), sent = ["a": 0, "b": 0]
    for frame in 0..<100 {
      for (stream, doubt) in [("a", 50), ("b", 1 + frame % 3)]
      where gate.opens(for: header(frame, stream), doubts: doubts(doubt), grid: { nil }) {
        sent[stream, default: 0] += 1
      }
    }
    #expect(sent["a"] == 50)
    #expect((33...50).contains(sent["b"] ?? 0), "\(sent)")
    guard case .object(let fact) = record.fact else { return }
    #expect(fact["asked"] == .int(200) && fact["sent"] == .int((sent["a"] ?? 0) + (sent["b"] ?? 0)))
    #expect(fact["threshold"] != .object([:]))
  }

  @Test(
    "given a frame at which the smaller detector has not looked, when the gate is asked, then it stays shut and is counted"
  )
  func unseen() throws {
    let settings = settings(share: 1)
    let record = CascadeRecord(try #require(settings.cascade))
    var gate = DetectionGate(settings, record: record)
    #expect(!settings.isAlwaysOpen)
    #expect(gate.opens(for: header(0), grid: { nil }) == false)
    #expect(gate.opens(for: header(1), doubts: doubts(1), grid: { nil }) == true)
    #expect(gate.opens(for: header(2), doubts: doubts(0), grid: { nil }) == false)
    guard case .object(let fact) = record.fact else { return }
    #expect(fact["without_doubt"] == .int(1) && fact["asked"] == .int(2) && fact["sent"] == .int(1))
    #expect(fact["share_sent"] == .double(0.5))
  }

  @Test("given an interval as well, when every frame is doubtful, then looks are at least so many frames apart")
  func interval() {
    var gate = DetectionGate(settings(share: 1, interval: 4))
    let sent = (0..<40).filter { gate.opens(for: header($0), doubts: doubts(3), grid: { nil }) }
    #expect(sent == Array(stride(from: 0, to: 40, by: 4)))
  }
}
