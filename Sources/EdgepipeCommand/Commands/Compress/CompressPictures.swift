import Detectors
import Foundation
import Measure

/// The pictures of a compression: those to calibrate on, and others to compare detections on.
struct CompressPictures: Sendable {
  /// A folder of pictures or a video.
  let source: String
  let manifest: ModelManifest
  /// How many are drawn for either.
  let count: Int
  let seed: UInt64
  /// Whether the annotated pictures are in the same folder, so that some must not be drawn.
  let isApart: Bool
  let line: ProgressLine

  /// The same pictures every time.
  ///
  /// - Parameter shape: what they are prepared for; the float model's usual one when absent.
  func read(shape: InputShape? = nil) throws -> CalibrationRun.Pictures {
    line.start("reading \(URL(fileURLWithPath: source).lastPathComponent)")
    let isApart = isApart
    let run = try CalibrationRun(
      source, for: manifest, shape: shape, count: count, others: count, seed: seed,
      isReserved: { isApart && HeldOutPictures.contains(URL(fileURLWithPath: $0).lastPathComponent) },
      logger: Log.logger(level: .warning)
    ) { [line] in line.show($0) }
    return try run.run()
  }
}
