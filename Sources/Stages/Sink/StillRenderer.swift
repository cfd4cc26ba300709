package import EdgepipeCore
package import Pipeline

/// Makes single annotated pictures of frames: scales, draws, encodes. Used by one thread; its memory is used again while
/// size and quality stay.
package final class StillRenderer {
  package let format: StillEncoder.Format
  /// 2 (best) ... 31, for JPEG only.
  package var quality: Int { didSet { if quality != oldValue { encoder = nil } } }
  /// Nil: nothing is drawn.
  package var annotation: AnnotationSettings? { didSet { annotator = annotation.map { Annotator($0) } } }
  private var annotator: Annotator?
  private let isQuick: Bool
  private var picture: PictureCopy?
  private var encoder: StillEncoder?

  /// - Parameter isQuick: a tenth less time, for files that are a twentieth larger.
  package init(
    format: StillEncoder.Format, quality: Int, annotation: AnnotationSettings?, isQuick: Bool = false
  ) {
    (self.format, self.quality, self.annotation, self.isQuick) = (format, quality, annotation, isQuick)
    annotator = annotation.map { Annotator($0) }
  }

  /// The bytes of a file.
  ///
  /// - Parameter height: in pixels, with the aspect ratio kept; nil, or more than the picture has, for its own.
  package func render(
    _ frame: Frame, height: Int? = nil
  ) throws(PipelineError) -> (bytes: [UInt8], width: Int, height: Int) {
    let image = try frame.decodedPicture()
    let copy = try copy(of: image, height: height)
    try copy.fill(from: image)
    copy.withCanvas { annotator?.draw(frame, on: $0) }
    return (try encoder(for: copy).encode(copy), copy.width, copy.height)
  }

  private func copy(of image: DecodedPicture, height wanted: Int?) throws(PipelineError) -> PictureCopy {
    // Viewers of pictures know square pixels only.
    var size = PixelAspect.squareSize(width: image.width, height: image.height, aspect: image.pixelAspect)
    if let wanted, wanted < size.height {
      size = (max(2, Int((Double(size.width) * Double(wanted) / Double(size.height)).rounded())), wanted)
    }
    let (width, height) = (max(2, size.width & ~1), max(2, size.height & ~1))
    if let picture, picture.width == width, picture.height == height { return picture }
    let made = try PictureCopy(width: width, height: height, color: StillEncoder.color)
    picture = made
    return made
  }

  private func encoder(for copy: PictureCopy) throws(PipelineError) -> StillEncoder {
    if let encoder, encoder.width == copy.width, encoder.height == copy.height { return encoder }
    let made = try StillEncoder(
      format: format, width: copy.width, height: copy.height, quality: quality, isQuick: isQuick)
    encoder = made
    return made
  }
}

/// Renders pictures for those who watch a run.
struct WatchedPictures: PictureRendering {
  func makeRenderer(quality: Int, isAnnotated: Bool) -> any PictureRenderer {
    Renderer(
      StillRenderer(
        format: .jpeg, quality: quality, annotation: isAnnotated ? AnnotationSettings() : nil, isQuick: true))
  }

  private final class Renderer: PictureRenderer {
    private let renderer: StillRenderer

    init(_ renderer: StillRenderer) { self.renderer = renderer }

    func jpeg(_ frame: Frame, height: Int) throws(PipelineError) -> RenderedPicture {
      let (bytes, width, height) = try renderer.render(frame, height: height)
      return RenderedPicture(bytes: bytes, width: width, height: height)
    }
  }
}
