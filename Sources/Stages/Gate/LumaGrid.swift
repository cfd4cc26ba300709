/// The brightness of a picture on a coarse grid: enough to see that something moved, at some ten microseconds a frame.
struct LumaGrid: Sendable {
  static let columns = 64
  static let rows = 36
  /// Samples a cell in each direction: their mean keeps the noise of single pixels out.
  private static let samples = 4

  /// Row by row, in 0...255.
  private(set) var cells: [Float]

  init(cells: [Float]) { self.cells = cells }

  /// - Returns: nil for pictures whose pixels are not in this process's memory, or not one value a pixel.
  init?(_ picture: DecodedPicture) {
    let made = picture.withLuma { luma in
      let (columns, rows, samples) = (Self.columns, Self.rows, Self.samples)
      let scale = 255 / Float(luma.maximum)
      var cells: [Float] = []
      cells.reserveCapacity(columns * rows)
      for row in 0..<rows {
        for column in 0..<columns {
          var sum: Float = 0
          for sample in 0..<samples * samples {
            let y = (row * samples + sample / samples) * luma.height / (rows * samples)
            let x = (column * samples + sample % samples) * luma.width / (columns * samples)
            sum += Float(luma.value(x: x, y: y)) * scale
          }
          cells.append(sum / Float(samples * samples))
        }
      }
      return cells
    }
    guard let made else { return nil }
    cells = made
  }

  /// The share of cells that differ by more than `difference` levels, in 0...1.
  func changedShare(from other: LumaGrid, difference: Float) -> Double {
    var changed = 0
    for index in cells.indices where abs(cells[index] - other.cells[index]) > difference { changed += 1 }
    return Double(changed) / Double(max(1, cells.count))
  }
}
