package import Detectors
import EdgepipeCore

/// The pictures that layers are looked at with, and which of them are held out to judge a fit.
///
/// Pictures are kept as bytes, a quarter of what the model takes, and each also counts mirrored: that costs no memory,
/// and what a detector has to know of a car does not depend on which way it drives.
package struct CalibrationPictures: Sendable {
  private let pictures: [Tensor]
  private let format: InputFormat

  /// - Parameters:
  ///   - pictures: as the pipeline's preprocessing writes them: bytes, 1 x 3 x H x W.
  ///   - format: how the model wants them shifted and scaled.
  package init(_ pictures: [Tensor], format: InputFormat) {
    self.pictures = pictures
    self.format = format
  }

  /// Twice the number of pictures.
  var count: Int { 2 * pictures.count }

  /// One picture in four, both ways round.
  func isHeldOut(_ index: Int) -> Bool { index / 2 % 4 == 3 }

  /// What the model takes for the picture at `index`: those as they are at even places, mirrored ones at odd places.
  func input(_ index: Int, pool: BufferPool) -> Tensor {
    pictures[index / 2].prepared(for: format, pool: pool, isMirrored: index % 2 == 1)
  }

  /// What the model takes for the first picture; there is one after ``check()``.
  package var first: Tensor { input(0, pool: BufferPool()) }

  /// Some of the pictures, evenly from all.
  func some(_ wanted: Int) -> CalibrationPictures {
    let step = max(1, pictures.count / max(1, wanted))
    return CalibrationPictures(
      stride(from: 0, to: pictures.count, by: step).prefix(wanted).map { pictures[$0] }, format: format)
  }

  /// - Throws: a ``PipelineError`` (`malformed`) when there are fewer than layers can be fitted to.
  func check() throws {
    guard pictures.count >= 4 else {
      throw PipelineError(
        "\(pictures.count) calibration pictures are too few to fit layers", remedy: "give a few hundred",
        code: .unsupported)
    }
    if let odd = pictures.first(where: { $0.element != .uint8 || $0.shape.count != 4 || $0.shape[1] != 3 }) {
      throw PipelineError(
        "a calibration picture is \(odd.element.rawValue) \(odd.shape), not bytes of 1 x 3 x H x W",
        code: .internalFault)
    }
  }
}
