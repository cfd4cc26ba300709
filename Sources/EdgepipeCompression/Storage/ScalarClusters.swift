/// Numbers in a few groups, each of which is given its mean: k-means in one dimension.
///
/// Two starts are tried, centres spread evenly over the range and centres at equal shares of the numbers, and the one
/// with less squared error is kept; both are computed from the numbers alone, so the result is always the same. (Han,
/// Mao, Dally: "Deep compression", 2016, recommends the first; the second is better where most numbers lie close to
/// zero.)
struct ScalarClusters {
  /// Ascending; at most as many as asked for.
  private(set) var centres: [Float]
  /// Of all numbers together.
  private(set) var squaredError: Double

  /// - Parameter count: groups, at least 1.
  init(_ numbers: [Float], count: Int) {
    let sorted = SortedNumbers(numbers)
    let different = sorted.distinct(limit: count)
    if different.count <= count {
      (centres, squaredError) = (different, 0)
      return
    }
    let low = Double(sorted.values[0]), high = Double(sorted.values[sorted.values.count - 1])
    let even = (0..<count).map { low + (high - low) * (Double($0) + 0.5) / Double(count) }
    let shares = (0..<count).map { Double(sorted.values[(2 * $0 + 1) * sorted.values.count / (2 * count)]) }
    let tries = [even, shares].map { sorted.settled($0) }
    let best = tries[0].error <= tries[1].error ? tries[0] : tries[1]
    centres = best.centres.map { Float($0) }
    squaredError = best.error
  }

  /// The centre next to a number; the lower of two equally near.
  func index(of number: Float) -> Int {
    var low = 0, high = centres.count - 1
    while low < high {
      let middle = (low + high) / 2
      if number - centres[middle] <= centres[middle + 1] - number { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// Numbers in order, with the sums that make each step of k-means a matter of a few searches.
private struct SortedNumbers {
  let values: [Float]
  private var sums: [Double] = [0]
  private var squares: [Double] = [0]

  init(_ numbers: [Float]) {
    values = numbers.sorted()
    sums.reserveCapacity(values.count + 1)
    squares.reserveCapacity(values.count + 1)
    var sum = 0.0, square = 0.0
    for value in values {
      sum += Double(value)
      square += Double(value) * Double(value)
      sums.append(sum)
      squares.append(square)
    }
  }

  /// The different values, or one more than the limit where there are too many.
  func distinct(limit: Int) -> [Float] {
    var found: [Float] = []
    for value in values where found.last != value {
      found.append(value)
      if found.count > limit { break }
    }
    return found
  }

  /// Lloyd's steps until the groups stay the same. Groups that become empty are dropped.
  func settled(_ start: [Double]) -> (centres: [Double], error: Double) {
    var centres = start, before: [Int] = []
    for _ in 0..<300 {
      var edges = [0]
      for (lower, upper) in zip(centres, centres.dropFirst()) { edges.append(firstAbove((lower + upper) / 2)) }
      edges.append(values.count)
      if edges == before { break }
      before = edges
      centres = zip(edges, edges.dropFirst()).filter { $0 < $1 }.map { (sums[$1] - sums[$0]) / Double($1 - $0) }
    }
    var error = 0.0
    for (start, end) in zip(before, before.dropFirst()) where start < end {
      let sum = sums[end] - sums[start]
      error += squares[end] - squares[start] - sum * sum / Double(end - start)
    }
    return (centres, error)
  }

  private func firstAbove(_ limit: Double) -> Int {
    var low = 0, high = values.count
    while low < high {
      let middle = (low + high) / 2
      if Double(values[middle]) <= limit { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
