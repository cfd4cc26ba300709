package import Detectors
import EdgepipeCore
package import Foundation
package import Logging

/// The annotated pictures of a measurement, as a model's preprocessing makes them, and the same as JPEG files.
package final class SplitPictures {
  /// Evaluated: in the dataset's order.
  let inputs: [ModelInput]
  /// To find ranges on.
  let calibration: [ModelInput]
  let dataset: COCODataset
  let file: String
  private let links: PictureLinks
  private let manifest: ModelManifest
  private let logger: Logger

  /// - Parameters:
  ///   - dataset: what is annotated. Without other pictures to calibrate on, about half of it is used for that
  ///     (``HeldOutPictures``), and the other half is evaluated.
  ///   - images: the folder of its pictures.
  ///   - file: what errors call it.
  ///   - calibration: a folder of pictures or a video.
  /// - Throws: a ``PipelineError`` for pictures that are not there or cannot be read.
  package init(
    _ dataset: COCODataset, images: URL, file: String, calibration: String?, count: Int, manifest: ModelManifest,
    logger: Logger
  ) throws {
    self.dataset = calibration == nil ? HeldOutPictures.of(dataset) : dataset
    (self.file, self.manifest, self.logger) = (file, manifest, logger)
    links = try PictureLinks(self.dataset, images: images, file: file)
    inputs = try Self.read(links.folder.path, self.dataset.pictures.count, manifest, logger)
    guard inputs.count == self.dataset.pictures.count else {
      throw PipelineError(
        "\(inputs.count) of the \(self.dataset.pictures.count) pictures of '\(file)' could be read", code: .malformed)
    }
    if let calibration {
      self.calibration = try Self.read(calibration, count, manifest, logger)
    } else {
      let others = dataset.pictures.filter {
        !HeldOutPictures.contains(URL(fileURLWithPath: $0.fileName).lastPathComponent)
      }
      let rest = COCODataset(pictures: others, categories: [], annotations: [])
      let links = try PictureLinks(rest, images: images, file: file)
      defer { links.remove() }
      self.calibration = try Self.read(links.folder.path, count, manifest, logger)
    }
  }

  deinit { links.remove() }

  private static func read(
    _ source: String, _ count: Int, _ manifest: ModelManifest, _ logger: Logger
  ) throws -> [ModelInput] {
    try CalibrationRun(source, for: manifest, count: count, others: 0, seed: 1, logger: logger) { _ in }.run().drawn
  }

  /// The evaluated pictures after they were JPEG files of some quality, at the size that the model sees, and the mean
  /// bytes of those.
  ///
  /// - Parameter quality: FFmpeg's, 2 (best) to 31.
  func asJPEG(quality: Int) throws -> (inputs: [ModelInput], bytes: Double) {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-split-\(UUID().uuidString)")
    try OutputPath.makeFolder(folder.path)
    defer { try? FileManager.default.removeItem(at: folder) }
    let heights = inputs.map(\.geometry.contentHeight)
    let bytes = try JPEGRun(links.folder.path, heights: heights, quality: quality, into: folder, logger: logger).run()
    let made = try Self.read(folder.path, inputs.count, manifest, logger)
    guard made.count == inputs.count else {
      throw PipelineError("\(made.count) of \(inputs.count) JPEG files could be read again", code: .internalFault)
    }
    // Boxes are to be in pixels of the picture as it was.
    let placed = zip(made, inputs).map { jpeg, original in
      var geometry = jpeg.geometry
      geometry.scaleX *= Float(geometry.sourceWidth) / Float(max(1, original.geometry.sourceWidth))
      geometry.scaleY *= Float(geometry.sourceHeight) / Float(max(1, original.geometry.sourceHeight))
      geometry.sourceWidth = original.geometry.sourceWidth
      geometry.sourceHeight = original.geometry.sourceHeight
      return ModelInput(tensor: jpeg.tensor, geometry: geometry)
    }
    return (placed, bytes)
  }
}
