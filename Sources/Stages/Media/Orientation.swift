import CFFmpeg

/// How a stored picture must be turned to stand upright, from a 3x3 display matrix (ISO 14496-12, 16.16 fixed point).
///
/// Multiples of 90 degrees, mirrored or not; other angles are left as they are, like in other players.
enum Orientation: UInt8, Sendable, Hashable {
  case quarterClockwise = 1
  case quarterCounterclockwise
  case quarterClockwiseFlipped
  case quarterCounterclockwiseFlipped
  case flippedHorizontally
  case flippedVertically
  case half

  /// Nil when the picture is upright already.
  init?(displayMatrix matrix: [Int32]) {
    guard matrix.count >= 9 else { return nil }
    // SAFETY: the array holds the nine elements that the function reads.
    let degrees = unsafe matrix.withUnsafeBufferPointer { buffer -> Double? in
      unsafe buffer.baseAddress.map { unsafe av_display_rotation_get($0) }
    }
    guard let degrees, degrees.isFinite else { return nil }
    // The matrix turns counter-clockwise; what follows is the clockwise turn in 0..<360.
    var clockwise = (-degrees.rounded()).truncatingRemainder(dividingBy: 360)
    if clockwise < 0 { clockwise += 360 }
    switch clockwise {
    case 90: self = matrix[3] > 0 ? .quarterCounterclockwiseFlipped : .quarterClockwise
    case 180:
      switch (matrix[0] < 0, matrix[4] < 0) {
      case (true, true): self = .half
      case (true, false): self = .flippedHorizontally
      case (false, true): self = .flippedVertically
      case (false, false): return nil
      }
    case 270: self = matrix[3] < 0 ? .quarterClockwiseFlipped : .quarterCounterclockwise
    case 0 where matrix[4] < 0: self = .flippedVertically
    default: return nil
    }
  }

  /// From TIFF's tag 274, which EXIF has too. Nil for 1, upright, and for numbers that mean nothing.
  init?(exif value: UInt8) {
    switch value {
    case 2: self = .flippedHorizontally
    case 3: self = .half
    case 4: self = .flippedVertically
    // Mirrored along the diagonals.
    case 5: self = .quarterCounterclockwiseFlipped
    case 6: self = .quarterClockwise
    case 7: self = .quarterClockwiseFlipped
    case 8: self = .quarterCounterclockwise
    default: return nil
    }
  }

  /// libavfilter's filters that do it, with their options.
  var filters: [(name: String, options: String?)] {
    switch self {
    case .quarterClockwise: [("transpose", "dir=clock")]
    case .quarterCounterclockwise: [("transpose", "dir=cclock")]
    case .quarterClockwiseFlipped: [("transpose", "dir=clock_flip")]
    case .quarterCounterclockwiseFlipped: [("transpose", "dir=cclock_flip")]
    case .flippedHorizontally: [("hflip", nil)]
    case .flippedVertically: [("vflip", nil)]
    case .half: [("hflip", nil), ("vflip", nil)]
    }
  }
}
