import EdgepipeCore
import EdgepipeONNX
import Foundation

/// Stores float weights in 16 bits (IEEE 754 binary16, rounded to nearest, ties to even), with a `Cast` to float32
/// behind each. The engine casts once, when it opens the model, and computes in float32 as before: half the bytes in
/// the file, the same speed, the same memory when it runs.
enum HalfPrecisionStorage {
  /// Smaller tensors are not worth a node.
  static let leastCount = 128

  /// - Returns: the model; `kept` names tensors with a value beyond 65504, the largest there is, which stay in float32.
  /// - Throws: a ``PipelineError`` (`malformed`) when nothing of the model can be stored that way.
  static func apply(to model: OnnxModel) throws -> StoredForm {
    var model = model
    try OnnxOpset.upgrade(&model)
    var replacements: [String: StoredForm.Replacement] = [:], kept: [String] = []
    // Lists, which are biases and the scales of integers, are short and keep their precision.
    for tensor in model.storedWeights([OnnxElement.float], leastCount: leastCount) where tensor.dims.count > 1 {
      guard let values = tensor.allFloats(), let halves = halves(values) else {
        kept.append(tensor.name)
        continue
      }
      var stored = Onnx_TensorProto()
      stored.name = model.unusedName("\(tensor.name)/half")
      stored.dims = tensor.dims
      stored.dataType = Int32(Onnx_TensorProto.DataType.float16.rawValue)
      stored.rawData = halves
      var cast = Onnx_NodeProto.make("Cast", [stored.name], tensor.name)
      cast.set("to", Int(OnnxElement.float))
      replacements[tensor.name] = StoredForm.Replacement(nodes: [cast], tensors: [stored])
    }
    guard !replacements.isEmpty else {
      throw PipelineError(
        "model '\(model.name)' has no float weights that 16 bits can hold", remedy: "keep the model unchanged",
        code: .unsupported)
    }
    return try StoredForm(model, shared: [], replacements: replacements, kept: kept)
  }

  /// Little-endian, or nil where a value is too large, or no number.
  static func halves(_ values: [Float]) -> Data? {
    var data = Data(capacity: values.count * 2)
    for value in values {
      let half = Float16(value)
      guard half.isFinite else { return nil }
      data.append(UInt8(truncatingIfNeeded: half.bitPattern))
      data.append(UInt8(truncatingIfNeeded: half.bitPattern >> 8))
    }
    return data
  }
}
