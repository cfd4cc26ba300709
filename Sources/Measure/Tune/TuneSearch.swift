/// How one detecting stage is set in one trial.
package struct TuneChoice: Sendable, Hashable {
  package var model: String
  /// The stage's `shape` as JSON, such as `"auto"` or `[256,416]`.
  package var shape: String
  package var workers: Int
  package var threads: Int
  package var interval: Int
  package var decoding: TuneDecoding
  /// The accuracy that is recorded for this model at this shape and of pictures decoded in full, or nil where none is.
  package var accuracy: Double?

  init(
    model: String, shape: String, workers: Int, threads: Int, interval: Int, decoding: TuneDecoding = TuneDecoding(),
    accuracy: Double? = nil
  ) {
    self.model = model
    self.shape = shape
    self.workers = workers
    self.threads = threads
    self.interval = interval
    self.decoding = decoding
    self.accuracy = accuracy
  }

  /// `2 x 1 thread, every frame`.
  package var split: String {
    "\(workers) x \(threads) \(threads == 1 ? "thread" : "threads"), "
      + (interval == 1 ? "every frame" : "interval \(interval)") + (decoding.text.map { ", decoding \($0)" } ?? "")
  }

  /// The overrides that make a stage, and the sources that decode, so.
  package func sets(for stage: String, sources: [String] = []) -> [String] {
    [
      "\(stage).model=\(model)", "\(stage).shape=\(shape)", "\(stage).workers=\(workers)",
      "\(stage).threads=\(threads)",
      "\(stage).interval=\(interval)",
    ] + decoding.sets(for: sources)
  }
}

/// What a trial run showed.
package struct TuneMeasurement: Sendable, Hashable {
  /// Frames delivered a second.
  package var rate: Double
  /// From capture to delivery, in milliseconds.
  package var p50: Double
  package var p95: Double

  init(rate: Double, p50: Double, p95: Double) {
    self.rate = rate
    self.p50 = p50
    self.p95 = p95
  }
}

/// One line of the table from which a choice was made.
package struct TuneRow: Sendable, Hashable {
  package enum Rating: String, Sendable {
    case chosen, slower
    case late = "misses the deadline"
    case inaccurate = "below the floor"
    case unknown = "accuracy not known"
    case failed = "does not run"
  }

  package let stage: String
  package let choice: TuneChoice
  package let measurement: TuneMeasurement?
  package internal(set) var verdict: Rating
}

/// Searches the settings of one detecting stage: the model and its input first, then workers and threads, then, while the
/// rate is too low, how the sources decode, and the interval. Each step keeps what was best before, so that the number of trials is a sum and not a product.
package struct TuneSearch {
  package struct Limits: Sendable {
    /// The 95th percentile of the latency must not exceed this, in milliseconds.
    var deadlineMs: Double
    /// Models whose recorded accuracy is lower, or not known, are not tried; nil takes any.
    var floor: Double?
    /// Frames a second that are enough: above it, accuracy counts and not speed.
    var rate: Double
    var maximumInterval: Int
    var cores: Int

    package init(deadlineMs: Double, floor: Double?, rate: Double, maximumInterval: Int, cores: Int) {
      self.deadlineMs = deadlineMs
      self.floor = floor
      self.rate = rate
      self.maximumInterval = max(1, maximumInterval)
      self.cores = max(1, cores)
    }
  }

  /// Rates that differ by less are the same: runs of a few seconds are no more exact.
  private static let tolerance = 0.03

  let stage: String
  let limits: Limits
  package private(set) var rows: [TuneRow] = []
  /// Why no setting can meet the deadline, where a look at the quickest work said so before any trial.
  package private(set) var obstacle: TuneObstacle?
  private let decodings: [TuneDecoding]
  private let measure: (TuneChoice) throws -> TuneMeasurement?
  let glance: (TuneChoice) throws -> TuneGlance?

  /// - Parameters:
  ///   - decodings: the changes of decoding to try while the rate is too low, in this order.
  ///   - glance: sees for a moment how long the work on a frame takes at least; nil where the pipeline does not run with
  ///     that choice.
  ///   - measure: runs a trial; nil where the pipeline does not run with that choice.
  package init(
    stage: String, limits: Limits, decodings: [TuneDecoding] = [],
    glance: @escaping (TuneChoice) throws -> TuneGlance? = { _ in nil },
    measure: @escaping (TuneChoice) throws -> TuneMeasurement?
  ) {
    self.stage = stage
    self.limits = limits
    self.decodings = decodings
    self.glance = glance
    self.measure = measure
  }

  /// - Parameter inputs: models with the shapes to try; the first is what the pipeline has now.
  /// - Returns: the best choice, or nil when none runs within the limits.
  package mutating func run(_ inputs: [(model: String, shape: String, accuracy: Double?)]) throws -> TuneChoice? {
    obstacle = try findObstacle(inputs)
    if obstacle != nil { return nil }
    for input in inputs {
      let choice = TuneChoice(
        model: input.model, shape: input.shape, workers: limits.cores, threads: 1, interval: 1, accuracy: input.accuracy
      )
      try attempt(choice)
    }
    if let best = best?.choice {
      for (workers, threads) in splits {
        var choice = best
        (choice.workers, choice.threads) = (workers, threads)
        try attempt(choice)
      }
    }
    for step in decodings {
      guard let row = best, !isEnough(row) else { break }
      var choice = row.choice
      choice.decoding = choice.decoding.changed(by: step)
      // Nothing is recorded for pictures that are decoded in part.
      if step.skippedLoopFilter != nil { choice.accuracy = nil }
      try attempt(choice)
    }
    var interval = 1
    while let row = best, !isEnough(row), interval < limits.maximumInterval {
      interval += 1
      var choice = row.choice
      choice.interval = interval
      try attempt(choice)
    }
    guard let winner = best, winner.measurement.map(isInTime) == true,
      let index = rows.firstIndex(of: winner)
    else { return nil }
    rows[index].verdict = .chosen
    return winner.choice
  }

  /// Ways to share the cores between workers and the threads of each.
  private var splits: [(Int, Int)] {
    var splits: [(Int, Int)] = [(1, 1)]
    var threads = 2
    while threads <= limits.cores {
      splits.append((max(1, limits.cores / threads), threads))
      threads *= 2
    }
    return splits
  }

  private mutating func attempt(_ choice: TuneChoice) throws {
    if rows.contains(where: { $0.choice == choice }) { return }
    if let floor = limits.floor {
      guard let accuracy = choice.accuracy else { return reject(choice, .unknown) }
      if accuracy < floor { return reject(choice, .inaccurate) }
    }
    guard let measurement = try measure(choice) else { return reject(choice, .failed) }
    rows.append(
      TuneRow(stage: stage, choice: choice, measurement: measurement, verdict: isInTime(measurement) ? .slower : .late))
  }

  private mutating func reject(_ choice: TuneChoice, _ verdict: TuneRow.Rating) {
    rows.append(TuneRow(stage: stage, choice: choice, measurement: nil, verdict: verdict))
  }

  private func isInTime(_ measurement: TuneMeasurement) -> Bool { measurement.p95 <= limits.deadlineMs }

  private func isEnough(_ row: TuneRow) -> Bool {
    row.measurement.map { isInTime($0) && $0.rate >= limits.rate * (1 - Self.tolerance) } ?? false
  }

  /// The best of all trials so far; the earlier one where two are equal.
  private var best: TuneRow? {
    var best: TuneRow?
    for row in rows where row.measurement != nil {
      if let known = best { if isBetter(row, than: known) { best = row } } else { best = row }
    }
    return best
  }

  /// In time first; then the rate, up to what is enough; then accuracy, looking more often, and fewer sessions.
  private func isBetter(_ a: TuneRow, than b: TuneRow) -> Bool {
    guard let one = a.measurement, let two = b.measurement else { return a.measurement != nil }
    if isInTime(one) != isInTime(two) { return isInTime(one) }
    if !isInTime(one) { return one.p95 < two.p95 }
    let rates = (min(one.rate, limits.rate), min(two.rate, limits.rate))
    if abs(rates.0 - rates.1) > Self.tolerance * max(rates.0, rates.1) { return rates.0 > rates.1 }
    if let first = a.choice.accuracy, let second = b.choice.accuracy, first != second { return first > second }
    if a.choice.interval != b.choice.interval { return a.choice.interval < b.choice.interval }
    return a.choice.workers * a.choice.threads < b.choice.workers * b.choice.threads
  }
}
