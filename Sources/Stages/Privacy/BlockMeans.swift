/// The means of the blocks of a rectangle in one component. Used by one thread; its memory is used again.
struct BlockMeans {
  private var means: [Int] = []
  private var columns = 0..<0
  private var rows = 0..<0
  /// Of a block, in values.
  private var width = 1
  private var height = 1
  /// Blocks in a row.
  private var across = 1

  /// - Parameters:
  ///   - rect: in pixels; it holds whole values of all components.
  ///   - columns: of the component, the rectangle's.
  ///   - rows: the same.
  mutating func read(_ component: PixelComponent, _ rect: PixelRect, _ columns: Range<Int>, _ rows: Range<Int>) {
    (self.columns, self.rows) = (columns, rows)
    let longer = max(rect.x1 - rect.x0, rect.y1 - rect.y0)
    let side = max(HidingMethod.smallestBlock, (longer + HidingMethod.mostBlocks - 1) / HidingMethod.mostBlocks)
    width = (side + (1 << component.shiftX) - 1) >> component.shiftX
    height = (side + (1 << component.shiftY) - 1) >> component.shiftY
    across = (columns.count + width - 1) / width
    means.removeAll(keepingCapacity: true)
    for top in stride(from: rows.lowerBound, to: rows.upperBound, by: height) {
      let blockRows = top..<min(top + height, rows.upperBound)
      for left in stride(from: columns.lowerBound, to: columns.upperBound, by: width) {
        let blockColumns = left..<min(left + width, columns.upperBound)
        var sum = 0
        for y in blockRows { for x in blockColumns { sum += component[x, y] } }
        let count = blockRows.count * blockColumns.count
        means.append((sum + count / 2) / max(1, count))
      }
    }
  }

  /// Overwrites columns of a row that have been read.
  func write(_ row: Int, _ range: Range<Int>, to component: PixelComponent) {
    let first = (row - rows.lowerBound) / height * across
    var x = range.lowerBound
    while x < range.upperBound {
      let block = (x - columns.lowerBound) / width
      let end = min(range.upperBound, columns.lowerBound + (block + 1) * width)
      component.fill(row: row, x..<end, means[first + block])
      x = end
    }
  }
}
