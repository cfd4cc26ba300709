import EdgepipeCore
package import EdgepipeONNX
package import Foundation

/// A model repository for Triton that runs the last part of a split model on features as edgepipe sends them: Triton's
/// Python backend unpacks them (Serving/model.py).
package struct TritonRepository {
  /// The folder's and the model's name.
  package let name: String
  /// Every file by its path inside of the repository.
  package let files: [(path: String, data: Data)]

  /// - Parameters:
  ///   - part: the last part, which takes the table's tensors and nothing else.
  /// - Throws: a ``PipelineError`` (`unsupported`) when the part needs what features are not.
  package init(name: String, part: OnnxModel, table: FeatureTable) throws {
    self.name = name
    let stored = Set(part.proto.graph.initializer.map(\.name))
    let sent = Set(table.tensors.map(\.name))
    for input in part.proto.graph.input where !stored.contains(input.name) && !sent.contains(input.name) {
      throw PipelineError(
        "the rest of the model also takes '\(Quoted.short(input.name))', which is not among the features",
        remedy: "cut where single tensors go across; '--list' prints such cuts", code: .unsupported)
    }
    let outputs = try part.proto.graph.output.map { output in
      try
        "  { name: \"\(Self.quoted(output.name))\" data_type: \(Self.type(of: output)) dims: [ \(Self.sizes(output)) ] }"
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let config = """
      name: "\(name)"
      backend: "python"
      max_batch_size: 0
      input [ { name: "features" data_type: TYPE_UINT8 dims: [ -1 ] } ]
      output [
      \(outputs.joined(separator: ",\n"))
      ]
      instance_group [ { kind: KIND_CPU count: 1 } ]

      """
    files = try [
      ("\(name)/config.pbtxt", Data(config.utf8)),
      ("\(name)/1/model.py", Data(PackageResources.model_py)),
      ("\(name)/1/model.onnx", part.serialized()),
      ("\(name)/1/features.json", encoder.encode(table)),
    ]
  }

  private static func type(of output: Onnx_ValueInfoProto) throws -> String {
    let types: [Int32: String] = [
      0: "TYPE_FP32", 1: "TYPE_FP32", 2: "TYPE_UINT8", 3: "TYPE_INT8", 6: "TYPE_INT32", 7: "TYPE_INT64",
      9: "TYPE_BOOL", 10: "TYPE_FP16", 11: "TYPE_FP64",
    ]
    guard let type = types[output.type.tensorType.elemType] else {
      throw PipelineError(
        "the output '\(Quoted.short(output.name))' is of a type that Triton's configuration does not get from here",
        code: .unsupported)
    }
    return type
  }

  /// What is not known Triton takes as it comes. An output without dimensions would be none: one of any size.
  private static func sizes(_ output: Onnx_ValueInfoProto) -> String {
    let sizes = output.type.tensorType.shape.dim.map { $0.size.map(String.init) ?? "-1" }
    return sizes.isEmpty ? "-1" : sizes.joined(separator: ", ")
  }

  private static func quoted(_ name: String) -> String {
    name.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
  }
}
