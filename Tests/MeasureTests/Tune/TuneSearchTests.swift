import Testing

@testable import Measure

@Suite("Tuning")
struct TuneSearchTests {
  /// What the decoder gives a second with one thread and the whole loop filter; nil for any rate.
  private var decoderLimit: Double?

  /// A machine of two cores whose detectors take a time that is proportional to their input.
  private func machine(_ choice: TuneChoice) -> TuneMeasurement? {
    let cost: [String: Double] = ["big": 100, "small": 30, "tiny": 10]
    guard var milliseconds = cost[choice.model] else { return nil }
    if choice.shape == "half" { milliseconds *= 0.4 }
    // Two threads give 1.5 times the speed, two workers twice the rate.
    let service = milliseconds / (choice.threads > 1 ? 1.5 : 1)
    var rate = Double(choice.workers) * 1000 / service * Double(choice.interval)
    if let limit = decoderLimit { rate = min(rate, limit * choice.decoding.rateFactor) }
    return TuneMeasurement(rate: rate, p50: service, p95: service * 1.2)
  }

  private func search(
    deadline: Double, floor: Double? = nil, rate: Double = 30, interval: Int = 4,
    decodings: [TuneDecoding] = [], _ inputs: [(model: String, shape: String, accuracy: Double?)]
  ) throws -> (TuneChoice?, [TuneRow]) {
    var search = TuneSearch(
      stage: "objects",
      limits: .init(deadlineMs: deadline, floor: floor, rate: rate, maximumInterval: interval, cores: 2),
      decodings: decodings, measure: machine)
    return (try search.run(inputs), search.rows)
  }

  @Test("given models that are all fast enough, then the most accurate is chosen and nothing is skipped")
  func accuracyWhenFastEnough() throws {
    let (best, rows) = try search(
      deadline: 100, [("small", "auto", 0.3), ("tiny", "auto", 0.2), ("tiny", "half", nil)])
    #expect(best?.model == "small" && best?.interval == 1)
    #expect(best?.workers == 1, "33 a second are enough for 30, and one session is less than two")
    #expect(rows.filter { $0.verdict == .chosen }.count == 1)
  }

  @Test("given a rate that none reaches, then frames are skipped only as far as needed")
  func interval() throws {
    let (best, _) = try search(deadline: 1000, rate: 60, [("big", "auto", 0.4)])
    #expect(best?.interval == 3, "20 a second are looked at: every third frame makes 60")
  }

  @Test("given a floor, then models below it and those of unknown accuracy are left out, with the reason")
  func floor() throws {
    let (best, rows) = try search(
      deadline: 1000, floor: 0.25,
      [("big", "auto", 0.4), ("tiny", "auto", 0.2), ("tiny", "half", nil), ("gone", "auto", 0.5)])
    #expect(best?.model == "big")
    func verdicts(_ model: String) -> Set<TuneRow.Rating> {
      Set(rows.filter { $0.choice.model == model }.map(\.verdict))
    }
    #expect(verdicts("tiny") == [.inaccurate, .unknown])
    #expect(verdicts("gone") == [.failed])
  }

  @Test("given a deadline that one worker's thread misses, then two threads are found")
  func threads() throws {
    // 36 ms at 95 % with one thread, 24 with two.
    let (best, _) = try search(deadline: 30, [("small", "auto", 0.3)])
    #expect(best?.threads == 2 && best?.workers == 1)
  }

  @Test("given a deadline that nothing meets, then nothing is chosen and every trial says why")
  func impossible() throws {
    let (best, rows) = try search(deadline: 1, [("small", "auto", 0.3)])
    #expect(best == nil)
    #expect(Set(rows.map(\.verdict)) == [.late])
  }

  // MARK: - Decoding

  private static let decodings = [
    TuneDecoding(threads: 2), TuneDecoding(skippedLoopFilter: "nonReference"), TuneDecoding(skippedLoopFilter: "all"),
  ]

  /// As `search`, on a machine whose decoder gives `limit` pictures a second.
  private func decoding(
    _ limit: Double, rate: Double, floor: Double? = nil
  ) throws -> (best: TuneChoice?, rows: [TuneRow]) {
    var machine = TuneSearchTests()
    machine.decoderLimit = limit
    return try machine.search(
      deadline: 1000, floor: floor, rate: rate, decodings: Self.decodings, [("tiny", "auto", 0.3)])
  }

  @Test("given a rate that decoding misses, then threads are tried first, and less of the filter only as far as needed")
  func decodingSteps() throws {
    let threads = try decoding(50, rate: 70)
    #expect(threads.best?.decoding == TuneDecoding(threads: 2) && threads.best?.accuracy == 0.3)
    let some = try decoding(50, rate: 80)
    #expect(some.best?.decoding == TuneDecoding(threads: 2, skippedLoopFilter: "nonReference"))
    #expect(some.best?.accuracy == nil, "nothing is recorded for such pictures")
    #expect(some.best?.interval == 1)
    #expect(!some.rows.contains { $0.choice.decoding.skippedLoopFilter == "all" })
  }

  @Test("given a rate that is reached, then decoding stays as it is")
  func decodingEnough() throws {
    let found = try decoding(50, rate: 30)
    #expect(found.best?.decoding == TuneDecoding())
    #expect(found.rows.allSatisfy { $0.choice.decoding == TuneDecoding() })
  }

  @Test("given a floor, then the filter is not skipped, since nothing is recorded for that, and threads are tried")
  func decodingFloor() throws {
    let found = try decoding(50, rate: 1000, floor: 0.2)
    #expect(found.best?.decoding == TuneDecoding(threads: 2))
    let skipping = found.rows.filter { $0.choice.decoding.skippedLoopFilter != nil }
    #expect(skipping.count == 2 && skipping.allSatisfy { $0.verdict == .unknown })
  }

  // MARK: - Deadlines out of reach

  /// As `search`, with a look at the quickest work first, and how many trials there were.
  private func glancing(
    deadline: Double, floor: Double? = nil, interval: Int = 4, other: TuneGlance.Part? = nil,
    _ inputs: [(model: String, shape: String, accuracy: Double?)]
  ) throws -> (best: TuneChoice?, obstacle: TuneObstacle?, trials: Int, looks: [TuneChoice]) {
    var trials = 0, looks: [TuneChoice] = []
    var search = TuneSearch(
      stage: "objects",
      limits: .init(deadlineMs: deadline, floor: floor, rate: 30, maximumInterval: interval, cores: 2),
      glance: { choice in
        looks.append(choice)
        return machine(choice).map { TuneGlance(serviceMs: $0.p50, other: other) }
      },
      measure: { choice in
        trials += 1
        return machine(choice)
      })
    let best = try search.run(inputs)
    return (best, search.obstacle, trials, looks)
  }

  @Test("given a deadline below the quickest work of all, then there is no trial and the quickest choice is named")
  func unreachable() throws {
    // Half of small takes 12 ms with one thread and 8 with two.
    let found = try glancing(deadline: 7, [("small", "auto", 0.3), ("small", "half", nil), ("big", "auto", 0.4)])
    #expect(found.best == nil && found.trials == 0)
    guard case .tuned(let choice, let serviceMs)? = found.obstacle else {
      Issue.record("no obstacle")
      return
    }
    #expect(choice.model == "small" && choice.shape == "half" && choice.threads == 2 && serviceMs == 8)
    #expect(
      found.looks.filter { $0.model == "big" }.map(\.threads) == [1], "100 ms are more than 7 with two threads, too")
  }

  @Test("given one choice that could keep the deadline, then one look is enough and the search goes on as before")
  func reachable() throws {
    let inputs: [(model: String, shape: String, accuracy: Double?)] = [("small", "auto", 0.3), ("small", "half", nil)]
    let found = try glancing(deadline: 100, inputs)
    #expect(found.obstacle == nil && found.looks.count == 1)
    #expect(try found.best == search(deadline: 100, inputs).0)
    // With two threads only.
    #expect(try glancing(deadline: 9, inputs).obstacle == nil)
  }

  @Test("given another stage that takes longer than the deadline, then it is named at the first look")
  func otherStage() throws {
    let found = try glancing(
      deadline: 5, other: .init(stage: "scale", serviceMs: 6), [("tiny", "auto", 0.2), ("small", "auto", 0.3)])
    #expect(found.obstacle == .other(stage: "scale", serviceMs: 6))
    #expect(found.looks.count == 1 && found.trials == 0)
  }

  @Test("given frames of which so few are looked at that all of those may be late, then trials decide")
  func skipping() throws {
    let found = try glancing(deadline: 7, interval: 20, [("small", "auto", 0.3)])
    #expect(found.obstacle == nil && found.trials > 0)
  }

  @Test("given choices below the floor or that do not run, then they are not looked at or say nothing")
  func nothingToLookAt() throws {
    let below = try glancing(deadline: 1, floor: 0.5, [("small", "auto", 0.3), ("tiny", "half", nil)])
    #expect(below.looks.isEmpty && below.obstacle == nil)
    let gone = try glancing(deadline: 1, [("gone", "auto", 0.3)])
    #expect(gone.obstacle == nil)
  }
}

extension TuneDecoding {
  /// How many times as many pictures a decoder gives so.
  fileprivate var rateFactor: Double {
    (threads == 2 ? 1.5 : 1) * (skippedLoopFilter == "all" ? 1.3 : skippedLoopFilter == "nonReference" ? 1.1 : 1)
  }
}
