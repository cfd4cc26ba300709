/// The range that loses the least squared error: a wider one rounds everything more coarsely, a narrower one cuts more
/// off at the ends.
///
/// A value inside of the range has the error of rounding to steps of d, d^2 / 12 on average; one outside is moved to
/// the nearer end. (Banner, Nahshan, Soudry: "Post training 4-bit quantization of convolutional networks", 2019, with
/// the counted distribution in place of an assumed one.)
struct SquaredErrorRange {
  private let histogram: ValueHistogram
  private let steps: Double
  /// Sums over the bins before each edge: of counts, of counts times centre, of counts times centre squared.
  private var sums: [Double] = [0]
  private var firsts: [Double] = [0]
  private var seconds: [Double] = [0]

  init(_ histogram: ValueHistogram, steps: Int) {
    self.histogram = histogram
    self.steps = Double(steps)
    var sum = 0.0, first = 0.0, second = 0.0
    for (index, count) in histogram.counts.enumerated() {
      let centre = histogram.low + (Double(index) + 0.5) * histogram.width
      sum += count
      first += count * centre
      second += count * centre * centre
      sums.append(sum)
      firsts.append(first)
      seconds.append(second)
    }
  }

  /// The squared error of all values together for the range between two edges of bins.
  func error(from start: Int, to end: Int) -> Double {
    let low = edge(start), high = edge(end), last = histogram.counts.count
    // An end beyond zero is moved to zero: zero must be among the integers.
    let step = (max(high, 0) - min(low, 0)) / steps
    let rounded = (sums[end] - sums[start]) * step * step / 12
    let below = seconds[start] - 2 * low * firsts[start] + low * low * sums[start]
    let above =
      (seconds[last] - seconds[end]) - 2 * high * (firsts[last] - firsts[end])
      + high * high * (sums[last] - sums[end])
    return rounded + max(0, below) + max(0, above)
  }

  /// Moves one end to its best edge, then the other, until neither moves. No end passes zero, since the integers will
  /// reach to zero anyway.
  func best() -> ChannelRange {
    let count = histogram.counts.count, zero = max(0, min(Double(count), -histogram.low / histogram.width))
    let lastStart = min(count - 1, Int(zero)), firstEnd = max(1, Int(zero.rounded(.up)))
    var start = 0, end = count
    for _ in 0..<8 {
      let before = (start, end)
      end = least(max(start + 1, firstEnd)...count) { error(from: start, to: $0) }
      start = least(0...min(end - 1, lastStart)) { error(from: $0, to: end) }
      if (start, end) == before { break }
    }
    return ChannelRange(low: edge(start), high: edge(end))
  }

  private func edge(_ index: Int) -> Double { histogram.low + Double(index) * histogram.width }
}

/// The place of the least value; the first of equal ones.
func least(_ places: some Sequence<Int>, _ value: (Int) -> Double) -> Int {
  var best: (place: Int, value: Double)?
  for place in places {
    let value = value(place)
    if best.map({ value < $0.value }) ?? true { best = (place, value) }
  }
  return best?.place ?? 0
}
