import EdgepipeCore
import EdgepipeONNX
import Foundation

/// Turns Darknet's cfg and weights files of the YOLOv3 family into ONNX.
///
/// Input: `images`, 1 x 3 x H x W with H and W free (multiples of the largest stride), RGB in 0...1. Outputs: one map a
/// [yolo] layer, in the cfg's order, 1 x (anchors (5 + classes)) x H/stride x W/stride, raw: the `yolov3` head decodes
/// them. The same two files always give the same bytes.
enum DarknetImporter {
  struct Imported: Sendable {
    var model: OnnxModel
    /// One entry an output, in the same order.
    var anchors: [ModelManifest.AnchorMap]
    var classCount: Int
    /// The cfg's larger side, in pixels.
    var inputSize: Int
    /// Input sides must be multiples of this.
    var stride: Int
    /// Numbers read from the weights file.
    var valueCount: Int
  }

  /// - Throws: a ``PipelineError``: `notFound` for a missing file, `malformed` for one that cannot be imported.
  static func convert(config: URL, weights: URL, name: String) throws -> Imported {
    try convert(
      config: readFile(config, what: "cfg file", limit: DarknetConfig.maximumByteCount), configName: config.path,
      weights: readFile(weights, what: "weights file", limit: OnnxModel.maximumByteCount), weightsName: weights.path,
      name: name)
  }

  /// The same for files in memory; their names are for error messages.
  static func convert(
    config: Data, configName: String, weights: Data, weightsName: String, name: String
  ) throws -> Imported {
    let network = try DarknetNetwork(DarknetConfig(data: config, file: configName))
    let weights = try DarknetWeights(data: weights, file: weightsName)
    let model = try DarknetGraph.model(network, weights: weights, name: name)
    var anchors: [ModelManifest.AnchorMap] = []
    var classCount: Int?
    for case .yolo(let map, let classes) in network.layers.map(\.kind) {
      guard classCount ?? classes == classes else {
        throw PipelineError("'\(configName)' has [yolo] layers of different class counts", code: .unsupported)
      }
      classCount = classes
      anchors.append(map)
    }
    return Imported(
      model: model, anchors: anchors, classCount: classCount ?? 0, inputSize: max(network.width, network.height),
      stride: network.layers.map(\.stride).max() ?? 32, valueCount: network.valueCount)
  }
}
