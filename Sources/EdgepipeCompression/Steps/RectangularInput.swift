import Detectors
import EdgepipeCore
import EdgepipeONNX

/// Makes a model for pictures of one shape, such as a camera's 16:9: of the square's pixels those around such a
/// picture are not computed.
///
/// The weights and the graph stay as they are; the manifest says the shape, and everything that prepares pictures
/// follows it. A graph that is tied to the size gains nothing on top (docs/ladder.md), and could not be calibrated or
/// compared on squares any more.
package struct RectangularInput: CompressionStep {
  package static let name = "rectangular"
  package static let summary = "Makes the model for pictures of one shape, such as a camera's 16:9: fewer pixels."
  package static let version = 1
  package static let amount: StepAmount? = StepAmount(
    meaning: "width over height of the pictures", range: 0.25...4, standard: 1.78)

  private let aspect: Double

  package init(amount: Double?) { aspect = amount ?? 1.78 }

  package func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    let manifest = candidate.manifest, before = manifest.usualSides
    let sides = Self.sides(aspect: aspect, size: manifest.inputSize, stride: manifest.stride)
    let words = "\(sides.width)x\(sides.height)", wordsBefore = "\(before.width)x\(before.height)"
    guard sides != before else { throw StepRefusal("its input is already \(words), which fits such pictures") }
    var result = candidate
    try OnnxShapes.free(&result.model, export: manifest.head.freeSizeExport)
    result.manifest.shape = [sides.height, sides.width]
    try Self.check(result, engine: context.engine)
    let share = Double(sides.width * sides.height) / Double(before.width * before.height)
    result.note = "pictures of \(words) instead of \(wordsBefore), \(Figure.text(share, decimals: 2)) of the pixels"
    return result
  }

  /// The longer side is the model's size, the other the smallest multiple of the stride that holds the picture.
  ///
  /// An aspect is known to a hundredth: 1.33 stands for 4:3, of which 640x480 holds all. So the other side is computed
  /// with half a hundredth in its favour.
  static func sides(aspect: Double, size: Int, stride: Int) -> (height: Int, width: Int) {
    let tolerance = 0.005
    let other = aspect >= 1 ? Double(size) / (aspect + tolerance) : Double(size) * (aspect - tolerance)
    let side = min(size, max(1, Int((other / Double(stride)).rounded(.up))) * stride)
    return aspect >= 1 ? (side, size) : (size, side)
  }

  /// Runs the model once at its shape: what is inside of it may not divide as the sides do.
  private static func check(_ candidate: CompressionCandidate, engine: any InferenceEngine) throws {
    let manifest = candidate.manifest, (height, width) = manifest.usualSides
    do {
      let session = try engine.makeSession(
        model: candidate.model.serialized(), options: SessionOptions(modelName: manifest.name))
      let request = InputRequest(
        format: manifest.input, shape: manifest.usualShape, nominalSize: manifest.inputSize, stride: manifest.stride)
      _ = try Detector(session: session, manifest: manifest, options: DetectorOptions()).detect(
        ModelInput(
          tensor: .grey(shape: [1, 3, height, width], element: manifest.input.element),
          geometry: LetterboxGeometry(sourceWidth: width, sourceHeight: height, request: request)))
    } catch let error as PipelineError where error.code != .unavailable {
      throw StepRefusal("it does not run on pictures of \(width)x\(height): \(error.message)")
    }
  }
}
