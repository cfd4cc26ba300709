import CFFmpeg
package import EdgepipeCore
package import Pipeline

/// Makes small JPEG pictures of parts of frames: crops, scales, encodes. Used by one thread.
package final class CropRenderer {
  /// The longer side, in pixels.
  package static let side = 320
  /// What is shown around a box, as a share of its longer side.
  private static let margin: Float = 0.1
  private static let quality = 5

  private var picture: PictureCopy?
  private var encoder: StillEncoder?

  package init() {}

  /// The part of a frame's picture that shows `box` and a little around it.
  ///
  /// - Returns: a JPEG file; nil where the box has no area in the picture, or the picture is no decoded one.
  package func jpeg(of box: Box, in frame: Frame) throws(PipelineError) -> [UInt8]? {
    guard let image = frame.image as? DecodedPicture, box.isFinite else { return nil }
    let around = Self.margin * max(box.width, box.height)
    let wanted = Box(
      x: box.x - around, y: box.y - around, width: box.width + 2 * around, height: box.height + 2 * around)
    // Boxes are in the frame's pixels, which are those of its picture.
    let part = wanted.clipped(toWidth: Float(image.width), height: Float(image.height))
    guard box.area > 0, part.width >= 2, part.height >= 2, let crop = try image.crop(part) else { return nil }
    let square = PixelAspect.squareSize(width: crop.width, height: crop.height, aspect: crop.pixelAspect)
    let fit = min(1, Double(Self.side) / Double(max(square.width, square.height)))
    let copy = try copy(
      width: Self.even(Double(square.width) * fit), height: Self.even(Double(square.height) * fit))
    try copy.fill(from: crop)
    return try encoder(for: copy).encode(copy)
  }

  private static func even(_ length: Double) -> Int { max(16, Int(length.rounded()) & ~1) }

  private func copy(width: Int, height: Int) throws(PipelineError) -> PictureCopy {
    if let picture, picture.width == width, picture.height == height { return picture }
    let made = try PictureCopy(width: width, height: height, color: StillEncoder.color)
    picture = made
    return made
  }

  private func encoder(for copy: PictureCopy) throws(PipelineError) -> StillEncoder {
    if let encoder, encoder.width == copy.width, encoder.height == copy.height { return encoder }
    let made = try StillEncoder(format: .jpeg, width: copy.width, height: copy.height, quality: Self.quality)
    encoder = made
    return made
  }
}
