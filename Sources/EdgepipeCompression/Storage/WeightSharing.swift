import EdgepipeCore
import EdgepipeONNX
import Foundation

/// Stores each layer's weights as numbers of a short table: a few clusters a layer, four bits a weight for sixteen of
/// them.
///
/// The float weights of one output are first divided by their root mean square, which is stored beside: batch
/// normalization leaves outputs of one layer with weights of very different size, and clusters that suit one would suit
/// no other. Integer weights (int8) have such a factor already.
///
/// Nodes of standard operators make the weights again (``IndexPacking``). The engine does it once, when it opens the
/// model, and computes as before: fewer bytes in the file, the same speed, the same memory when it runs.
struct WeightSharing {
  /// Numbers in each layer's table, 2 to 256.
  private let clusters: Int
  /// Smaller tensors are not worth a table.
  static let leastCount = 512

  /// - Parameter clusters: up to 16 take 4 bits a weight, up to 32 5.33, up to 64 6.4, more take 8.
  /// - Throws: a ``PipelineError`` (`invalidArgument`) for a number of clusters that bytes cannot hold.
  init(clusters: Int = 16) throws {
    guard (2...256).contains(clusters) else {
      throw PipelineError("weights cannot share \(clusters) values", remedy: "choose 2 to 256", code: .invalidArgument)
    }
    self.clusters = clusters
  }

  /// - Parameters:
  ///   - model: a float model; or an integer form, in which tensors of int8 with few enough different values are packed
  ///     (``PortableQuantizer/Options/clusters`` makes such) and all others left alone, so that it computes the same.
  ///   - inputs: what the float model's convolutions read: what sharing takes from their sums on average is then given
  ///     back in their biases, without which few clusters ruin a small detector. Nil leaves the biases alone.
  /// - Throws: a ``PipelineError`` (`malformed`) when nothing of the model can be stored that way.
  func apply(to model: OnnxModel, inputs: ConvolutionInputs? = nil) throws -> StoredForm {
    var model = model
    try OnnxOpset.upgrade(&model)
    let prefix = model.unusedPrefix("shared")
    var made: [String: SharedTensor] = [:], kept: [String] = []
    // Lists are biases and zero points, not weights.
    func weights(_ type: Int32) -> [Onnx_TensorProto] {
      model.storedWeights([type], leastCount: Self.leastCount).filter { $0.dims.count > 1 }
    }
    let integers = weights(Self.int8), weights = integers.isEmpty ? weights(OnnxElement.float) : integers
    for tensor in weights {
      guard let values = Self.values(tensor), values.allSatisfy(\.isFinite),
        integers.isEmpty || Set(values).count <= clusters
      else {
        kept.append(tensor.name)
        continue
      }
      // What has few weights for each output cannot average its errors out, and costs little.
      made[tensor.name] = SharedTensor(tensor, values, clusters: Int(tensor.dims[1]) < 4 ? 256 : clusters)
    }
    guard !made.isEmpty else {
      throw PipelineError(
        "model '\(model.name)' has no weights to share", remedy: "keep the model unchanged", code: .unsupported)
    }
    inputs?.correct(&model, restored: made.mapValues(\.restored))
    var replacements: [String: StoredForm.Replacement] = [:], shared: [Onnx_TensorProto] = []
    for (number, tensor) in weights.enumerated() {
      guard let item = made[tensor.name] else { continue }
      replacements[tensor.name] = item.replacement("\(prefix)/\(number)", shared: prefix)
      for needed in item.packing.sharedTensors(prefix) where !shared.contains(where: { $0.name == needed.name }) {
        shared.append(needed)
      }
    }
    return try StoredForm(model, shared: shared, replacements: replacements, kept: kept)
  }

  private static let int8 = Int32(Onnx_TensorProto.DataType.int8.rawValue)

  private static func values(_ tensor: Onnx_TensorProto) -> [Float]? {
    if tensor.dataType == OnnxElement.float { return tensor.allFloats() }
    if tensor.hasRawData { return tensor.rawData.map { Float(Int8(bitPattern: $0)) } }
    return tensor.int32Data.map { Float($0) }
  }
}

extension OnnxModel {
  /// A word that no name in the graph begins with.
  func unusedPrefix(_ wanted: String) -> String {
    let names = proto.graph.initializer.map(\.name) + proto.graph.node.flatMap(\.output)
    var word = wanted, number = 2
    while names.contains(where: { $0.hasPrefix(word) }) {
      word = "\(wanted)\(number)"
      number += 1
    }
    return word
  }
}
