/// What is seen of a picture on a grid of 320 x 180 cells, whatever its size: brightness, detail and contrast, in levels of
/// 0 to 255. Used by one thread; its memory is used again for each picture.
///
/// Each pixel counts once, so that the noise of single pixels averages out. A 1080p picture costs about a millisecond.
final class GreyPicture {
  static let columns = 320
  static let rows = 180
  /// The grid on which pictures are compared with each other: four cells each.
  static let smallColumns = columns / 2
  static let smallRows = rows / 2
  /// Parts of the picture that are judged by themselves: squares of 20 cells.
  static let partColumns = 16
  static let partRows = 9
  static let parts = partColumns * partRows
  /// A part's side on the small grid.
  static let partSide = 10

  private var cells = [Float](repeating: 0, count: columns * rows)
  /// Sums of the rows of one row of cells, by the picture's columns.
  private var sums: [UInt32] = []
  /// By column of cells, the first pixel of it, and one more for the end.
  private var bounds: [Int] = []
  private var boundsWidth = 0
  /// The picture on the small grid, row by row.
  private(set) var small = [Float](repeating: 0, count: smallColumns * smallRows)
  /// How much brightness bends from cell to cell (the Laplacian's absolute value), on the small grid: edges and fine
  /// detail, and zero where the picture is smooth.
  private(set) var detail = [Float](repeating: 0, count: smallColumns * smallRows)
  /// The mean brightness of each part.
  private(set) var means = [Float](repeating: 0, count: parts)
  /// The mean, in shares of the picture's range from black to white.
  private(set) var brightness = 0.0
  /// The standard deviation, in the same shares.
  private(set) var contrast = 0.0

  /// - Returns: false for pictures that cannot be read; what was read before is kept.
  func read(_ picture: DecodedPicture) -> Bool {
    picture.withLuma { luma in
      fill(luma)
      reduce(isFullRange: picture.color.isFullRange)
      return true
    } ?? false
  }

  private func fill(_ luma: LumaPlane) {
    if boundsWidth != luma.width {
      boundsWidth = luma.width
      bounds = (0...Self.columns).map { $0 * luma.width / Self.columns }
      sums = [UInt32](repeating: 0, count: luma.width)
    }
    let scale = 255 / Float(luma.maximum)
    for row in 0..<Self.rows {
      // A picture with fewer pixels than cells gives some cells the same one.
      let first = row * luma.height / Self.rows, last = max(first + 1, (row + 1) * luma.height / Self.rows)
      for index in sums.indices { sums[index] = 0 }
      for line in first..<last { luma.add(row: line, to: &sums) }
      for column in 0..<Self.columns {
        let from = bounds[column], to = max(from + 1, bounds[column + 1])
        var sum: UInt32 = 0
        for x in from..<to { sum &+= sums[x] }
        cells[row * Self.columns + column] = Float(sum) * scale / Float((to - from) * (last - first))
      }
    }
  }

  private func reduce(isFullRange: Bool) {
    let (columns, smallColumns) = (Self.columns, Self.smallColumns)
    var total: Double = 0, squares: Double = 0
    for index in means.indices { means[index] = 0 }
    for row in 0..<Self.smallRows {
      for column in 0..<smallColumns {
        let at = row * 2 * columns + column * 2
        let mean = (cells[at] + cells[at + 1] + cells[at + columns] + cells[at + columns + 1]) / 4
        small[row * smallColumns + column] = mean
        detail[row * smallColumns + column] =
          (bend(row * 2, column * 2) + bend(row * 2, column * 2 + 1) + bend(row * 2 + 1, column * 2)
            + bend(row * 2 + 1, column * 2 + 1)) / 4
        means[row / Self.partSide * Self.partColumns + column / Self.partSide] += mean
        total += Double(mean)
        squares += Double(mean) * Double(mean)
      }
    }
    for index in means.indices { means[index] /= Float(Self.partSide * Self.partSide) }
    let count = Double(small.count), mean = total / count
    let (black, range) = isFullRange ? (0.0, 255.0) : (16.0, 219.0)
    brightness = min(1, max(0, (mean - black) / range))
    contrast = max(0, squares / count - mean * mean).squareRoot() / range
  }

  private func bend(_ row: Int, _ column: Int) -> Float {
    let columns = Self.columns
    guard row > 0, row < Self.rows - 1, column > 0, column < columns - 1 else { return 0 }
    let at = row * columns + column
    return abs(4 * cells[at] - cells[at - 1] - cells[at + 1] - cells[at - columns] - cells[at + columns])
  }
}
