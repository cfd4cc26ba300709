/// What a stream's picture usually looks like, learned slowly. Used by one thread; about 350 kB a stream, allocated once.
final class PicturePast {
  /// The last pictures that a new one is compared with: an encoder repeats some of a picture that stands still.
  private static let kept = 4

  private var detail = [Float](repeating: 0, count: GreyPicture.smallColumns * GreyPicture.smallRows)
  private var means = [Float](repeating: 0, count: GreyPicture.parts)
  private var brightness = 0.0
  private var contrast = 0.0
  private var last = [[Float]](
    repeating: [Float](repeating: 0, count: GreyPicture.smallColumns * GreyPicture.smallRows), count: kept)
  private var pictures = 0

  /// Detail follows its median: a step towards the picture, however far it is. A mean would take the outlines of what
  /// passes by, such as cars, for a part of the view.
  ///
  /// - Parameter weight: of this picture in what is usual, 0 to 1; that of the first picture is 1.
  func learn(_ picture: GreyPicture, weight: Double) {
    let share = Float(weight), isFirst = weight >= 1
    for index in detail.indices {
      let difference = picture.detail[index] - detail[index], step = share * (detail[index] + 0.5)
      detail[index] += isFirst ? difference : min(step, max(-step, difference))
    }
    for index in means.indices { means[index] += share * (picture.means[index] - means[index]) }
    brightness += weight * (picture.brightness - brightness)
    contrast += weight * (picture.contrast - contrast)
  }

  /// Remembers the picture for ``difference(to:)``.
  func keep(_ picture: GreyPicture) {
    let place = pictures % Self.kept
    for index in picture.small.indices { last[place][index] = picture.small[index] }
    pictures += 1
  }

  /// The mean difference to the most similar one of the last pictures, in levels of 255; nil without one.
  func difference(to picture: GreyPicture) -> Double? {
    guard pictures > 0 else { return nil }
    var least = Float.infinity
    for place in 0..<min(pictures, Self.kept) {
      var sum: Float = 0
      var start = 0
      // Row by row, and no further than a more similar one.
      while start < picture.small.count, sum < least {
        for index in start..<(start + GreyPicture.smallColumns) {
          sum += abs(picture.small[index] - last[place][index])
        }
        start += GreyPicture.smallColumns
      }
      least = min(least, sum)
    }
    return Double(least) / Double(picture.small.count)
  }

  /// - Parameter difference: as ``difference(to:)`` gives it.
  func compare(_ picture: GreyPicture, difference: Double) -> PictureFigures {
    var textured = 0, lost = 0, matched = 0
    var now = 0.0, usual = 0.0
    var likeness = Correlation()
    for part in 0..<GreyPicture.parts {
      let edges = correlate(part, picture)
      now += Double(edges.sumA)
      usual += Double(edges.sumB)
      let area = Float(GreyPicture.partSide * GreyPicture.partSide)
      guard edges.sumB >= PictureRules.leastDetail * area else { continue }
      textured += 1
      if edges.sumA < PictureRules.detailLeft * edges.sumB {
        lost += 1
        likeness.add(picture.means[part], means[part])
      } else if edges.value >= PictureRules.leastMatch {
        matched += 1
      }
    }
    return PictureFigures(
      brightness: picture.brightness, usualBrightness: brightness, contrast: picture.contrast,
      usualContrast: contrast, sharpness: usual > 0 ? now / usual : 1, texturedParts: textured,
      lostShare: Double(lost) / Double(max(1, textured)),
      matchShare: textured > lost ? Double(matched) / Double(textured - lost) : 1,
      likeness: Double(likeness.value), difference: difference)
  }

  /// The detail of a part beside the usual one.
  private func correlate(_ part: Int, _ picture: GreyPicture) -> Correlation {
    var sums = Correlation()
    let side = GreyPicture.partSide
    let first = part / GreyPicture.partColumns * side * GreyPicture.smallColumns + part % GreyPicture.partColumns * side
    for row in 0..<side {
      let start = first + row * GreyPicture.smallColumns
      for index in start..<(start + side) { sums.add(picture.detail[index], detail[index]) }
    }
    return sums
  }
}

/// Pearson's correlation of pairs of numbers, which need not be kept.
struct Correlation: Sendable {
  private(set) var count: Float = 0
  private(set) var sumA: Float = 0
  private(set) var sumB: Float = 0
  private var squaresA: Float = 0
  private var squaresB: Float = 0
  private var products: Float = 0

  mutating func add(_ a: Float, _ b: Float) {
    count += 1
    sumA += a
    sumB += b
    squaresA += a * a
    squaresB += b * b
    products += a * b
  }

  /// -1 to 1; 0 where one side does not vary.
  var value: Float {
    guard count > 1 else { return 0 }
    let a = squaresA - sumA * sumA / count, b = squaresB - sumB * sumB / count
    // What rounding leaves of numbers that are all the same.
    guard a > 1e-4 * squaresA, b > 1e-4 * squaresB else { return 0 }
    return max(-1, min(1, (products - sumA * sumB / count) / (a * b).squareRoot()))
  }
}
