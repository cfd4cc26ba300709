/// What each pixel of a scaled picture is made of along one axis: neighbours, and how much of each.
///
/// Where pixels become fewer, each is the mean of what it covers (area scaling), otherwise it is interpolated between the
/// nearest two. Positions advance by swscale's step, which is rounded to 1/65536 of a pixel: what is scaled here lies
/// where the pictures lie that swscale scales, over thousands of pixels too.
struct AxisFilter {
  struct Pixel {
    /// The first of its neighbours.
    var first: Int
    /// Their integer weights, the first and the last of which are not zero.
    var weights: [Int]
  }

  let pixels: [Pixel]

  /// The most neighbours that a pixel has.
  var taps: Int { pixels.reduce(1) { max($0, $1.weights.count) } }

  /// - Parameters:
  ///   - source: how many pixels there are; at least 1.
  ///   - target: how many there shall be; at least 1.
  ///   - one: what the weights of a pixel add up to.
  init(from source: Int, to target: Int, one: Int) {
    let step = Double(((source << 16) + target / 2) / target) / 65536
    pixels = (0..<target).map { index in
      let shares =
        source == target
        ? (index, [1])
        : source > target
          ? Self.covered(from: Double(index) * step, to: Double(index + 1) * step, of: source)
          : Self.nearest((Double(index) + 0.5) * step - 0.5, of: source)
      return Self.pixel(from: shares.0, shares.1, one: one)
    }
  }

  /// The pixels between two places, and how much of each lies between them.
  private static func covered(from low: Double, to high: Double, of count: Int) -> (first: Int, shares: [Double]) {
    let first = min(Int(low), count - 1)
    let end = min(max(Int(high.rounded(.up)), first + 1), count)
    return (first, (first..<end).map { min(high, Double($0 + 1)) - max(low, Double($0)) })
  }

  /// The two pixels whose centres are nearest; the outermost pixel serves for those beyond it.
  private static func nearest(_ place: Double, of count: Int) -> (first: Int, shares: [Double]) {
    let low = Int(place.rounded(.down)), part = place - place.rounded(.down)
    guard low >= 0 else { return (0, [1]) }
    return low + 1 < count ? (low, [1 - part, part]) : (count - 1, [1])
  }

  /// Rounds what has been handed out so far and not each weight, so that the weights add up to `one` exactly.
  private static func pixel(from first: Int, _ shares: [Double], one: Int) -> Pixel {
    let total = shares.reduce(0, +)
    var (sum, handedOut) = (0.0, 0)
    let weights = shares.map { share in
      sum += share
      let next = Int((sum / total * Double(one)).rounded())
      defer { handedOut = next }
      return next - handedOut
    }
    let leading = weights.prefix { $0 == 0 }.count
    let trailing = weights.reversed().prefix { $0 == 0 }.count
    return Pixel(first: first + leading, weights: Array(weights[leading..<weights.count - trailing]))
  }
}
