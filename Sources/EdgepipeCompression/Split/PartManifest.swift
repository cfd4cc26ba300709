package import Detectors
import EdgepipeCore
package import EdgepipeONNX
package import Foundation

/// What is to be known of one part of a model: the small JSON file beside it.
package struct PartManifest: Sendable, Equatable, Codable {
  /// A tensor that goes in or out.
  package struct Value: Sendable, Equatable, Codable {
    package var name: String
    /// By ONNX's words, such as `float` and `int64`.
    package var type: String
    /// Nil for free dimensions; left out where the file says nothing.
    package var shape: [Int?]?
  }

  package static let version = 1

  package var version = Self.version
  /// The whole model, as it was named.
  package var model: String
  /// Of the whole model's file, in lower-case hexadecimal.
  package var modelSha256: String
  /// Counted from 1.
  package var part: Int
  package var parts: Int
  /// The part's file, beside this one.
  package var file: String
  /// Of the part's file.
  package var sha256: String
  package var inputs: [Value]
  package var outputs: [Value]
  /// Of the inputs, those that other parts give.
  package var receives: [String]
  /// Of the outputs, those that other parts take.
  package var sends: [String]
  /// How the tensors that are sent become messages; nil when they are sent as they are.
  package var features: FeatureTable?
  /// The whole model's manifest, where it has one: how its input is made and its outputs are read.
  package var manifest: ModelManifest?

  /// - Parameters:
  ///   - split: of which the part is number `index`, counted from 0.
  ///   - file: the part's file, by its name.
  ///   - sha256: of that file.
  ///   - features: of the cut's tensors.
  package init(
    _ split: GraphSplit, _ index: Int, of part: OnnxModel, model: ResolvedModel, file: String, sha256: String,
    features: FeatureTable? = nil
  ) {
    self.features = features
    let cut = Set(split.cutTensors)
    self.model = model.manifest?.name ?? model.file.deletingPathExtension().lastPathComponent
    modelSha256 = model.sha256
    (self.part, parts) = (index + 1, split.parts.count)
    (self.file, self.sha256) = (file, sha256)
    let stored = Set(part.proto.graph.initializer.map(\.name))
    inputs = part.proto.graph.input.filter { !stored.contains($0.name) }.map(Value.init)
    outputs = part.proto.graph.output.map(Value.init)
    receives = split.parts[index].inputs.filter { cut.contains($0) }
    sends = split.parts[index].outputs.filter { cut.contains($0) }
    manifest = model.manifest
  }

  /// As JSON, keys sorted, for people to read.
  package func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }

  /// Where a part's manifest lies.
  package static func path(of file: String) -> String {
    (file.hasSuffix(".onnx") ? String(file.dropLast(5)) : file) + ".part.json"
  }
}

extension PartManifest.Value {
  init(_ info: Onnx_ValueInfoProto) {
    let tensor = info.type.tensorType
    let type = Onnx_TensorProto.DataType(rawValue: Int(tensor.elemType)).map { "\($0)" } ?? "\(tensor.elemType)"
    self.init(name: info.name, type: type, shape: tensor.hasShape ? tensor.shape.dim.map(\.size) : nil)
  }
}
