import Foundation
import Pipeline

/// Stores each layer's weights as numbers of a short table: a few clusters a layer, four bits a weight for sixteen of them.
///
/// Nodes of standard operators make the weights again: two indices are read from each byte by a table of all 256 pairs,
/// then the layer's own table gives the numbers. The engine does it once, when it opens the model, and computes as before:
/// fewer bytes in the file, the same speed, the same memory when it runs.
public struct WeightSharing {
  /// Numbers in each layer's table, 2 to 256.
  private let clusters: Int
  /// Smaller tensors are not worth a table.
  static let leastCount = 512

  /// - Throws: a ``PipelineError`` (`usage`) for a number of clusters that bytes cannot hold.
  public init(clusters: Int = 16) throws {
    guard (2...256).contains(clusters) else {
      throw PipelineError("weights cannot share \(clusters) values", remedy: "choose 2 to 256", exit: .usage)
    }
    self.clusters = clusters
  }

  /// - Parameter model: with float weights, with integer ones (int8), or with both.
  /// - Throws: a ``PipelineError`` (`dataError`) when nothing of the model can be stored that way.
  public func apply(to model: OnnxModel) throws -> StoredForm {
    var model = model
    try OnnxOpset.upgrade(&model)
    let pairs = model.unusedName("index_pairs")
    var replacements: [String: StoredForm.Replacement] = [:], kept: [String] = [], usesPairs = false
    // Lists are biases and zero points, not weights.
    let weights = model.storedWeights([OnnxElement.float, Self.int8], leastCount: Self.leastCount).filter {
      $0.dims.count > 1
    }
    for (number, tensor) in weights.enumerated() {
      guard let values = Self.values(tensor), values.allSatisfy(\.isFinite) else {
        kept.append(tensor.name)
        continue
      }
      let isPacked = clusters <= 16 && values.count % 2 == 0
      usesPairs = usesPairs || isPacked
      replacements[tensor.name] = replacement(
        of: tensor, values, prefix: model.unusedName("shared/\(number)"), pairs: isPacked ? pairs : nil)
    }
    guard !replacements.isEmpty else {
      throw PipelineError(
        "model '\(model.name)' has no weights to share", remedy: "keep it as it is", exit: .dataError)
    }
    return try StoredForm(
      model, shared: usesPairs ? [Self.pairTable(pairs)] : [], replacements: replacements, kept: kept)
  }

  private static let int8 = Int32(Onnx_TensorProto.DataType.int8.rawValue)

  private static func values(_ tensor: Onnx_TensorProto) -> [Float]? {
    if tensor.dataType == OnnxElement.float { return tensor.allFloats() }
    if tensor.hasRawData { return tensor.rawData.map { Float(Int8(bitPattern: $0)) } }
    return tensor.int32Data.map { Float($0) }
  }

  private func replacement(
    of tensor: Onnx_TensorProto, _ values: [Float], prefix: String, pairs: String?
  ) -> StoredForm.Replacement {
    let found = ScalarClusters(values, count: clusters)
    let table = "\(prefix)/table", indices = "\(prefix)/indices", shape = "\(prefix)/shape"
    let indexOf = values.map { UInt8(found.index(of: $0)) }
    var bytes = indexOf
    if pairs != nil { bytes = stride(from: 0, to: bytes.count, by: 2).map { indexOf[$0] << 4 | indexOf[$0 + 1] } }
    let tensors: [Onnx_TensorProto] = [
      .bytes(indices, [bytes.count], bytes),
      tensor.dataType == OnnxElement.float
        ? .floats(table, [found.centres.count], found.centres)
        : .signedBytes(table, [found.centres.count], found.centres.map { Int8(max(-128, min(127, $0.rounded()))) }),
      .integers(shape, tensor.dims.map { Int($0) }),
    ]
    // Indices must be words.
    var cast = Onnx_NodeProto.make("Cast", [indices], "\(prefix)/words")
    cast.set("to", Int(OnnxElement.int32))
    var nodes = [cast], words = "\(prefix)/words"
    if let pairs {
      nodes.append(.make("Gather", [pairs, words], "\(prefix)/pairs"))
      words = "\(prefix)/pairs"
    }
    nodes.append(.make("Gather", [table, words], "\(prefix)/flat"))
    nodes.append(.make("Reshape", ["\(prefix)/flat", shape], tensor.name))
    return StoredForm.Replacement(nodes: nodes, tensors: tensors)
  }

  /// Row b: the upper four bits of the byte b, and the lower four.
  private static func pairTable(_ name: String) -> Onnx_TensorProto {
    var table = Onnx_TensorProto.words(name, (0..<256).flatMap { [Int32($0 >> 4), Int32($0 & 15)] })
    table.dims = [256, 2]
    return table
  }
}
