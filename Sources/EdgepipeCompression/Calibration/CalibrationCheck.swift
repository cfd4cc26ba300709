package import Detectors
import EdgepipeCore

/// Whether calibration pictures show what a model will see. Ranges that are found on too little cut off what other
/// pictures hold, and the model that comes out finds less, or nothing.
package enum CalibrationCheck {
  /// Fewer pictures than this lost accuracy when it was measured (docs/compression.md).
  static let leastPictures = 4
  /// Pixels of one picture that differ by no more are one colour.
  private static let plainRange = 8

  /// Sentences for the report, and what it costs; none when nothing is wrong.
  ///
  /// - Parameters:
  ///   - pictures: bytes, 1 x 3 x H x W.
  ///   - found: how many objects the float model finds in them.
  package static func warnings(_ pictures: [ModelInput], found: Int) -> [String] {
    var warnings: [String] = []
    let plain = pictures.count { isPlain($0) }
    if pictures.count < leastPictures {
      warnings.append(
        "\(pictures.count) calibration \(pictures.count == 1 ? "picture is" : "pictures are") too few: values beyond "
          + "\(pictures.count == 1 ? "its" : "their") ranges are clipped (yolox-nano lost 5 of 29 points of AP with "
          + "one photograph); give a few dozen pictures like those that the model will process")
    }
    if plain > 0 {
      warnings.append(
        "\(plain) of \(pictures.count) calibration pictures \(plain == 1 ? "has" : "have") a single colour and "
          + "\(plain == 1 ? "shows" : "show") no value ranges (yolox-nano detected nothing after four grey ones); give "
          + "pictures like those that the model will process")
    }
    if found == 0, plain < pictures.count {
      warnings.append(
        "the float model detects nothing in the \(pictures.count) calibration pictures: the value ranges of its "
          + "objects are not known (yolox-nano lost all its AP after a drawn picture); give pictures with such objects")
    }
    return warnings
  }

  /// Whether the picture itself, without its padding, is of one colour.
  private static func isPlain(_ picture: ModelInput) -> Bool {
    let g = picture.geometry, area = g.inputWidth * g.inputHeight
    // SAFETY: every place lies within the three planes of `area` bytes, whose size is looked at.
    return unsafe picture.tensor.buffer.withBytes { bytes in
      guard bytes.count >= 3 * area else { return false }
      for channel in 0..<3 {
        var least: UInt8 = 255, most: UInt8 = 0
        for y in g.offsetY..<g.offsetY + g.contentHeight {
          for x in g.offsetX..<g.offsetX + g.contentWidth {
            let value = unsafe bytes[channel * area + y * g.inputWidth + x]
            (least, most) = (min(least, value), max(most, value))
          }
        }
        if Int(most) - Int(least) > plainRange { return false }
      }
      return true
    }
  }
}
