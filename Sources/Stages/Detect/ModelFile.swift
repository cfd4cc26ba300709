package import Detectors
import EdgepipeCore
import EdgepipeONNX
package import Foundation

/// A model as a stage uses it: the bytes to run, what is known about them, and the input size that they allow.
package struct ModelFile {
  let resolved: ResolvedModel
  /// The manifest beside the file, or one made from the guess.
  package let manifest: ModelManifest
  /// The bytes for the engine; the input size freed in memory where the shape asks for it.
  package let bytes: Data
  /// Where the names of its classes are from.
  package let namesFrom: HeadGuess.NameSource
  /// What a preprocessing stage must prepare.
  package let request: InputRequest
  /// As the file states them; what its operators leave open is nil.
  package let inputs: [TensorDescription]
  package let outputs: [TensorDescription]
  /// Assumptions and fallbacks, in sentences, for the log and the report.
  package let notes: [String]

  /// Reads the file and settles head and input size; the inference library is not needed.
  ///
  /// - Parameter shape: `auto` for a model with a shape of its own means that one.
  /// - Throws: a ``PipelineError`` that names the model; `invalidConfiguration` for a shape that contradicts its own.
  package init(_ resolved: ResolvedModel, shape: InputShape) throws {
    self.resolved = resolved
    let file = try ModelDescription(OnnxModel(data: Self.read(resolved), name: resolved.reference))
    (inputs, outputs) = (file.inputs, file.outputs)
    let reading: ModelReading
    if let known = resolved.manifest {
      reading = try ModelReading(known, file, model: resolved.reference)
    } else {
      reading = try ModelReading(resolved.reference, file)
    }
    var notes = [reading.assumption].compactMap { $0 }
    var manifest = reading.manifest
    if resolved.manifest == nil {
      (manifest.file, manifest.sha256) = (resolved.file.lastPathComponent, resolved.sha256)
      manifest.origin = resolved.file.path
    }
    namesFrom = reading.namesFrom
    let shape = try Self.settled(shape, manifest, model: resolved.reference)
    try Self.check(shape, stride: manifest.stride, model: resolved.reference)
    var request = InputRequest(
      format: manifest.input, shape: shape, nominalSize: manifest.inputSize, stride: manifest.stride)
    let input = try PictureInput(file.inputs, model: resolved.reference)
    (bytes, request.shape) = try Self.fit(resolved, input, shape, manifest, mustFree: file.needsFreeing, &notes)
    self.manifest = manifest
    self.request = request
    self.notes = notes
  }

  /// Frees the file's input size when `shape` asks for another one; falls back to the file's size, said in a note,
  /// unless the pipeline file demands a size.
  private static func fit(
    _ resolved: ResolvedModel, _ input: PictureInput, _ shape: InputShape, _ manifest: ModelManifest,
    mustFree: Bool, _ notes: inout [String]
  ) throws -> (Data, InputShape) {
    let wanted: (height: Int, width: Int)? =
      switch shape {
      case .auto: nil
      case .square: (manifest.inputSize, manifest.inputSize)
      case .fixed(let height, let width): (height, width)
      }
    if mustFree { return (try freed(resolved, head: manifest.head), shape) }
    if input.height == nil, input.width == nil { return (try read(resolved), shape) }
    if let wanted, input.height ?? wanted.height == wanted.height, input.width ?? wanted.width == wanted.width {
      return (try read(resolved), shape)
    }
    do {
      return (try freed(resolved, head: manifest.head), shape)
    } catch let error as PipelineError {
      guard wanted == nil, let height = input.height, let width = input.width else { throw error }
      notes.append("input fixed at \(width)x\(height) by the file '\(manifest.name)': \(error.message)")
      return (try read(resolved), .fixed(height: height, width: width))
    }
  }

  /// A model that is meant for pictures of one shape has no other.
  private static func settled(_ shape: InputShape, _ manifest: ModelManifest, model: String) throws(PipelineError)
    -> InputShape
  {
    guard let own = manifest.ownShape else { return shape }
    let (height, width) = manifest.usualSides
    let wanted: (height: Int, width: Int) =
      switch shape {
      case .auto: (height, width)
      case .square: (manifest.inputSize, manifest.inputSize)
      case .fixed(let height, let width): (height, width)
      }
    guard wanted == (height, width) else {
      throw PipelineError(
        "the shape [\(wanted.height), \(wanted.width)] does not match the model '\(model)', which is made for "
          + "[\(height), \(width)] (height, width)",
        remedy: "omit the shape, or use the model that it was made from", code: .invalidConfiguration)
    }
    return own
  }

  private static func check(_ shape: InputShape, stride: Int, model: String) throws(PipelineError) {
    guard case .fixed(let height, let width) = shape, stride > 0 else { return }
    guard height % stride == 0, width % stride == 0 else {
      let near = { (side: Int) in max(stride, (side + stride / 2) / stride * stride) }
      throw PipelineError(
        "the shape [\(height), \(width)] does not fit the model '\(model)': both must be multiples of \(stride)",
        remedy: "use [\(near(height)), \(near(width))]", code: .invalidConfiguration)
    }
  }

  // A model is read as often as it is looked at, so that never more than two forms of its weights are in memory.

  private static func read(_ resolved: ResolvedModel) throws(PipelineError) -> Data {
    do {
      return try Data(contentsOf: resolved.file)
    } catch {
      throw PipelineError(
        "cannot read the model '\(resolved.file.path)': \(error.localizedDescription)", code: .notFound)
    }
  }

  private static func freed(_ resolved: ResolvedModel, head: ModelManifest.Head) throws -> Data {
    var onnx = try OnnxModel(data: read(resolved), name: resolved.reference)
    return try OnnxShapes.free(&onnx, export: head.freeSizeExport) ? onnx.serialized() : read(resolved)
  }
}
