@testable import EdgepipeCore
import ModelTestSupport
import Foundation
import PipelineTestSupport

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// A small network with everything that ties channels together, and pictures for it.
///
/// x -> stem (8 of 3) -> wide (16) -> split 8 + 8: the first half goes through a depthwise and a dense convolution and
/// is added to itself; both halves are joined again, narrowed (16), a slice of 8 of them is joined to all of them, and
/// two convolutions of a head make y (5 of 24).
struct PruneFixture {
  static let side = 32

  let model: OnnxModel
  var engine: ONNXRuntimeEngine

  init() throws {
    engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
    var random = SplitMix64(seed: 3)
    var nodes: [Onnx_NodeProto] = [], tensors: [Onnx_TensorProto] = []
    func numbers(_ count: Int, upTo limit: Float) -> [Float] {
      (0..<count).map { _ in Float.random(in: -limit...limit, using: &random) }
    }
    func convolve(
      _ input: String, _ output: String, _ shape: [Int], group: Int = 1, stride: Int = 1, isLast: Bool = false
    ) {
      let depth = Float(shape[1...].reduce(1, *)).squareRoot()
      tensors.append(.floats("\(output)_w", shape, numbers(shape.reduce(1, *), upTo: 2 / depth)))
      tensors.append(.floats("\(output)_b", [shape[0]], numbers(shape[0], upTo: 0.2)))
      let pad = shape[2] / 2
      nodes.append(
        TestGraphs.node(
          "Conv", [input, "\(output)_w", "\(output)_b"], isLast ? output : "\(output)_sum",
          [
            "kernel_shape": Array(shape[2...]), "pads": [pad, pad, pad, pad], "strides": [stride, stride],
            "group": [group],
          ]))
      if !isLast { nodes.append(TestGraphs.node("Relu", ["\(output)_sum"], output)) }
    }
    convolve("x", "stem", [8, 3, 3, 3], stride: 2)
    convolve("stem", "wide", [16, 8, 1, 1])
    var split = TestGraphs.node("Split", ["wide", "sizes"], "left", ["axis": [1]])
    split.output = ["left", "right"]
    nodes.append(split)
    tensors.append(TestGraphs.integers("sizes", [8, 8]))
    convolve("left", "deep", [8, 1, 3, 3], group: 8)
    convolve("deep", "dense", [8, 8, 1, 1])
    nodes.append(TestGraphs.node("Add", ["left", "dense"], "sum"))
    nodes.append(TestGraphs.node("Concat", ["sum", "right"], "joined", ["axis": [1]]))
    convolve("joined", "narrow", [16, 16, 1, 1])
    tensors += [
      TestGraphs.integers("starts", [4]), TestGraphs.integers("ends", [12]), TestGraphs.integers("axes", [1]),
    ]
    nodes.append(TestGraphs.node("Slice", ["narrow", "starts", "ends", "axes"], "some"))
    nodes.append(TestGraphs.node("Concat", ["narrow", "some"], "all", ["axis": [1]]))
    convolve("all", "head", [24, 24, 1, 1])
    convolve("head", "y", [5, 24, 1, 1], isLast: true)
    var proto = try OnnxModel(data: TestGraphs.model(nodes, tensors, output: [1, 5, 16, 16]), name: "test").proto
    proto.graph.input = [.tensor("x", [1, 3, Self.side, Self.side].map { .fixed($0) })]
    model = OnnxModel(proto: proto, name: "test")
  }

  /// Soft blobs of random colours and sizes.
  func pictures(_ count: Int, seed: UInt64) -> CalibrationPictures {
    CalibrationPictures((0..<count).map { bytes(seed &+ UInt64($0)) }, format: .unscaled)
  }

  private func bytes(_ seed: UInt64) -> Tensor {
    var random = SplitMix64(seed: seed &* 7919)
    let waves = (0..<9).map { _ in Double.random(in: 0.1...1.2, using: &random) }
    return .bytes(
      [1, 3, Self.side, Self.side],
      (0..<3 * Self.side * Self.side).map { index in
        let x = Double(index % Self.side), y = Double(index / Self.side % Self.side)
        let plane = index / (Self.side * Self.side)
        let value = sin(x * waves[plane]) + cos(y * waves[plane + 3]) + sin((x + y) * waves[plane + 6])
        return UInt8(min(max(127 + 40 * value, 0), 255))
      })
  }

  /// What a model gives for unseen pictures.
  func outputs(_ model: OnnxModel) throws -> [Float] {
    let session = try engine.makeSession(model: model.serialized(), options: SessionOptions(modelName: "test"))
    return try (0..<4).flatMap { index in
      let input = pictures(1, seed: 900 + UInt64(index)).first
      // SAFETY: copied while the outputs are lent.
      return try session.run(input) { unsafe Array($0.outputs[0].values) }
    }
  }

  /// Squared error as a share of the variance of `expected`.
  static func error(_ values: [Float], _ expected: [Float]) -> Double {
    let mean = expected.reduce(0.0) { $0 + Double($1) } / Double(expected.count)
    let variance = expected.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return zip(values, expected).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) } / variance
  }

  func weights(_ output: String, of model: OnnxModel) throws -> FloatWeights? {
    try ConvolutionNode.all(of: model).first { $0.output == output }?.weights(
      stored: model.storedTensors(), modelName: model.name)
  }
}

extension InputFormat {
  /// Bytes divided by 255, near enough.
  fileprivate static var unscaled: InputFormat {
    var format = ModelManifest.Head.yolox.defaultInput
    (format.mean, format.scale) = ([0, 0, 0], [0.004, 0.004, 0.004])
    return format
  }
}
