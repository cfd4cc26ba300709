/// What the repeats of one configuration say together.
struct BenchFigures: Sendable {
  /// All latencies of all repeats, in milliseconds.
  let latency: Sample
  /// MLPerf's estimates of the 90th and 99th percentile of a single stream; nil for several workers and too few runs.
  let earlyStopping90: EarlyStoppingPercentile?
  let earlyStopping99: EarlyStoppingPercentile?
  let outliers: InterquartileRule
  /// Of all repeats together.
  let inferencesPerSecond: Double
  let picturesPerSecond: Double

  // One value a whole repeat; nil where no repeat is whole.
  let p50: Sample?
  let p95: Sample?
  let p99: Sample?
  let rate: Sample?

  /// Cores that this process kept busy on average.
  let busyCores: Double
  let cpuMsPerInference: Double
  /// Median over the repeats.
  let loadMs: Double
  /// Medians over the repeats, but of the peak the highest.
  let memory: BenchMemory?
  /// Idle power included; nil where the meter failed.
  let joulesPerInference: Double?
  let joulesPerPicture: Double?
  let watts: Double?
  let machine: MachineShare?

  /// Nil where nothing was measured.
  init?(_ row: BenchRow, cores: Int) {
    let repeats = row.repeats, configuration = row.configuration
    guard let latency = Sample(repeats.flatMap(\.latenciesMs)) else { return nil }
    func sum(_ value: (BenchRepeat) -> Double) -> Double { repeats.reduce(0) { $0 + value($1) } }
    self.latency = latency
    outliers = InterquartileRule(latency)
    let isSingleStream = configuration.workers == 1
    earlyStopping90 = isSingleStream ? EarlyStoppingPercentile(latency, percentile: 0.9) : nil
    earlyStopping99 = isSingleStream ? EarlyStoppingPercentile(latency, percentile: 0.99) : nil
    let count = Double(latency.count), wall = sum(\.wallSeconds)
    inferencesPerSecond = wall > 0 ? count / wall : 0
    picturesPerSecond = inferencesPerSecond * Double(configuration.batch)

    let whole = repeats.filter(\.isComplete)
    let samples = whole.compactMap { Sample($0.latenciesMs) }
    p50 = Sample(samples.map { $0.quantile(0.5) })
    p95 = Sample(samples.map { $0.quantile(0.95) })
    p99 = Sample(samples.map { $0.quantile(0.99) })
    rate = Sample(whole.map { $0.inferencesPerSecond * Double(configuration.batch) })

    let cpu = sum(\.cpuSeconds)
    busyCores = wall > 0 ? cpu / wall : 0
    cpuMsPerInference = cpu * 1000 / count
    loadMs = (Sample(repeats.map { $0.loadSeconds * 1000 })?.median) ?? 0
    memory = Self.memory(repeats.compactMap(\.memory))
    let joules = repeats.compactMap(\.joules)
    let energy = joules.count == repeats.count ? joules.reduce(0, +) : nil
    joulesPerInference = energy.map { $0 / count }
    joulesPerPicture = energy.map { $0 / count / Double(configuration.batch) }
    watts = energy.flatMap { wall > 0 ? $0 / wall : nil }
    let times = repeats.compactMap(\.machine)
    machine = times.count == repeats.count ? MachineShare(times.reduce(.zero, +), own: cpu, cores: cores) : nil
  }

  /// How far the repeats' medians lie apart, as a share of their middle; nil for a single one.
  var spread: Double? {
    guard let p50, p50.count > 1, p50.median > 0 else { return nil }
    return (p50.maximum - p50.minimum) / p50.median
  }

  private static func memory(_ list: [BenchMemory]) -> BenchMemory? {
    guard let before = Sample(list.map(\.beforeMB)), let running = Sample(list.map(\.runningMB)),
      let peak = Sample(list.map(\.peakMB)), let after = Sample(list.map(\.afterMB))
    else { return nil }
    return BenchMemory(
      beforeMB: before.median, runningMB: running.median, peakMB: peak.maximum, afterMB: after.median)
  }
}
