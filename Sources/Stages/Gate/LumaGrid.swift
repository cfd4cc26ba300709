import CFFmpeg

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
    let (columns, rows, samples) = (Self.columns, Self.rows, Self.samples)
    let made = unsafe picture.withFrame { frame -> [Float]? in
      // SAFETY: the descriptor is static; plane, step, offset and depth of component 0 say where its values lie, and
      // the frame holds `linesize` bytes for each of its rows.
      guard let format = unsafe av_pix_fmt_desc_get(AVPixelFormat(frame.pointee.format)),
        unsafe format.pointee.flags & UInt64(AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_PAL)
          == 0
      else { return nil }
      let component = unsafe format.pointee.comp.0
      let depth = Int(component.depth)
      guard (8...16).contains(depth), component.plane == 0, let plane = unsafe frame.pointee.data.0 else { return nil }
      let line = unsafe Int(frame.pointee.linesize.0)
      let isWide = depth > 8 || component.shift > 0
      let scale = 255 / Float((1 << depth) - 1)
      var cells: [Float] = []
      cells.reserveCapacity(columns * rows)
      let width = picture.width, height = picture.height
      for row in 0..<rows {
        for column in 0..<columns {
          var sum: Float = 0
          for sample in 0..<samples * samples {
            let y = (row * samples + sample / samples) * height / (rows * samples)
            let x = (column * samples + sample % samples) * width / (columns * samples)
            let at = unsafe plane + (y * line + x * Int(component.step) + Int(component.offset))
            if isWide {
              let value = unsafe Int(UnsafeRawPointer(at).loadUnaligned(as: UInt16.self)) >> Int(component.shift)
              sum += Float(value & ((1 << depth) - 1)) * scale
            } else {
              sum += unsafe Float(at.pointee)
            }
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
