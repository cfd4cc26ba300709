/// How long a benchmark still takes, from what was measured so far.
struct BenchForecast {
  private let settings: BenchSettings
  /// Of one repeat of each configuration that was measured: the mean.
  private var known: [BenchConfiguration: (seconds: Double, count: Int)] = [:]

  init(settings: BenchSettings) { self.settings = settings }

  mutating func add(_ configuration: BenchConfiguration, seconds: Double) {
    let before = known[configuration] ?? (0, 0)
    known[configuration] = (before.seconds + seconds, before.count + 1)
  }

  /// Seconds of one repeat; for one that was not measured yet by the pixels that go through it. Nil where nothing is
  /// known.
  func seconds(of configuration: BenchConfiguration) -> Double? {
    if let own = known[configuration] { return own.seconds / Double(own.count) }
    let measured = known.map { (seconds: $1.seconds / Double($1.count), pixels: pixels(of: $0)) }
    let sum = measured.reduce(0) { $0 + $1.pixels }
    guard sum > 0 else { return nil }
    return measured.reduce(0) { $0 + $1.seconds } / sum * pixels(of: configuration)
  }

  /// Seconds of all that are left, the one under way included; nil while nothing is known.
  func remaining(_ left: some Sequence<BenchConfiguration>, currentSeconds: Double, currentShare: Double) -> Double? {
    var forecast = self
    var left = Array(left)
    guard let current = left.first else { return 0 }
    left.removeFirst()
    // What is under way says how long it takes once a part of it is done.
    let ownGuess = currentShare > 0.05 ? currentSeconds / currentShare : nil
    guard let guess = ownGuess ?? forecast.seconds(of: current) else { return nil }
    if forecast.known[current] == nil { forecast.add(current, seconds: guess) }
    let rest = left.reduce(0) { $0 + (forecast.seconds(of: $1) ?? 0) }
    return max(0, guess - currentSeconds) + rest
  }

  private func pixels(of configuration: BenchConfiguration) -> Double {
    let inferences = settings.runs(of: configuration) + settings.warmUps(of: configuration) * configuration.workers
    return Double(configuration.width) * Double(configuration.height) * Double(configuration.batch) * Double(inferences)
  }
}
