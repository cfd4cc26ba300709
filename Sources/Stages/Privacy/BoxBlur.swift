/// A rectangle of one component, blurred by three moving means in each direction, which is close to a Gaussian. Used by one
/// thread; its memory is used again.
///
/// Nothing from outside of the rectangle is mixed in: values at its edges are repeated.
struct BoxBlur {
  private static let passes = 3
  /// Of the rectangle's longer side.
  private static let radiusShare = 8
  private static let smallestRadius = 6

  private var values: [Int32] = []
  private var line: [Int32] = []
  private var columns = 0..<0
  private var rows = 0..<0

  /// - Parameters:
  ///   - rect: in pixels; it holds whole values of all components.
  ///   - columns: of the component, the rectangle's.
  ///   - rows: the same.
  mutating func read(_ component: PixelComponent, _ rect: PixelRect, _ columns: Range<Int>, _ rows: Range<Int>) {
    (self.columns, self.rows) = (columns, rows)
    let width = columns.count, height = rows.count
    values.removeAll(keepingCapacity: true)
    for y in rows { for x in columns { values.append(Int32(component[x, y])) } }
    let longer = max(rect.x1 - rect.x0, rect.y1 - rect.y0)
    let radius = max(Self.smallestRadius, longer / Self.radiusShare)
    for _ in 0..<Self.passes {
      for y in 0..<height { smooth(from: y * width, step: 1, count: width, radius: radius >> component.shiftX) }
      for x in 0..<width { smooth(from: x, step: width, count: height, radius: radius >> component.shiftY) }
    }
  }

  /// The moving mean over `2 * radius + 1` values of a line.
  private mutating func smooth(from first: Int, step: Int, count: Int, radius: Int) {
    guard count > 1, radius > 0 else { return }
    line.removeAll(keepingCapacity: true)
    for index in 0..<count { line.append(values[first + index * step]) }
    func value(_ index: Int) -> Int { Int(line[min(max(index, 0), count - 1)]) }
    let size = 2 * radius + 1
    var sum = 0
    for index in -radius...radius { sum += value(index) }
    for index in 0..<count {
      values[first + index * step] = Int32((sum + radius) / size)
      sum += value(index + radius + 1) - value(index - radius)
    }
  }

  /// Overwrites columns of a row that have been read.
  func write(_ row: Int, _ range: Range<Int>, to component: PixelComponent) {
    let first = (row - rows.lowerBound) * columns.count - columns.lowerBound
    for x in range { component.fill(row: row, x..<x + 1, Int(values[first + x])) }
  }
}
