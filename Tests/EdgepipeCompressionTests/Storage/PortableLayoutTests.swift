import ModelTestSupport
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// Which tensors of a small model share a scale, and what is written around them.
@Suite struct PortableLayoutTests {
  /// A convolution with ReLU, pooled, joined with a second one of ten times the range; a third before the output.
  ///
  /// - Returns: the model and made-up distributions of its sums.
  static func model() throws -> OnnxModel {
    func weights(_ name: String, _ shape: [Int], _ value: Float) -> Onnx_TensorProto {
      let count = shape.reduce(1, *)
      return .floats(name, shape, (0..<count).map { value * (Float($0 % 7) - 3) / 3 })
    }
    func node(_ type: String, _ inputs: [String], _ output: String, _ fill: (inout Onnx_NodeProto) -> Void = { _ in })
      -> Onnx_NodeProto
    {
      var node = Onnx_NodeProto.make(type, inputs, output)
      fill(&node)
      return node
    }
    let nodes = [
      node("Conv", ["x", "w1", "b1"], "sum1") { $0.set("pads", [1, 1, 1, 1]) },
      node("Relu", ["sum1"], "one"),
      node("MaxPool", ["one"], "pooled") {
        $0.set("kernel_shape", [3, 3])
        $0.set("pads", [1, 1, 1, 1])
      },
      node("Conv", ["one", "w2"], "sum2"),
      node("Sigmoid", ["sum2"], "gate"),
      node("Mul", ["sum2", "gate"], "two"),
      node("Concat", ["pooled", "two"], "joined") { $0.set("axis", 1) },
      node("Conv", ["joined", "w3"], "sum3"),
      node("LeakyRelu", ["sum3"], "three") { $0.set("alpha", Float(0.1)) },
      node("Conv", ["three", "w4"], "y"),
    ]
    return try OnnxModel(
      data: TestGraphs.model(
        nodes,
        [
          weights("w1", [8, 3, 3, 3], 0.02), .floats("b1", [8], (0..<8).map { Float($0) / 10 }),
          weights("w2", [8, 8, 1, 1], 3), weights("w3", [16, 16, 1, 1], 0.5), weights("w4", [4, 16, 1, 1], 0.2),
        ], output: [1, 4, 64, 64]), name: "small")
  }

  private func histogram(_ low: Float, _ high: Float) -> ChannelHistogram {
    var histogram = ChannelHistogram()
    let values = (0...100).map { low + (high - low) * Float($0) / 100 }
    // SAFETY: the array lives through the calls.
    unsafe values.withUnsafeBufferPointer { buffer in
      unsafe histogram.widen(buffer)
      unsafe histogram.count(buffer)
    }
    return histogram
  }

  private func layout(_ region: IntegerRegion, isSigned: Bool = false) -> PortableLayout {
    /// Eight channels of each kind.
    func tensor(_ kinds: [(ChannelHistogram, ActivationFunction?)]) -> Distribution {
      let parts = kinds.flatMap { Array(repeating: $0, count: 8) }
      return Distribution(channels: parts.map(\.0), functions: parts.map(\.1))
    }
    let one = histogram(-1, 1), two = histogram(-5, 10), three = histogram(-2, 4)
    return PortableLayout(
      region,
      [
        "sum1": tensor([(one, nil)]), "one": tensor([(one, .relu)]), "pooled": tensor([(one, .relu)]),
        "sum2": tensor([(two, nil)]), "two": tensor([(two, .silu)]),
        "joined": tensor([(one, .relu), (two, .silu)]), "sum3": tensor([(three, nil), (three, nil)]),
        "three": tensor([(three, .leakyReLU(0.1)), (three, .leakyReLU(0.1))]),
      ], rule: .minMax, isSigned: isSigned)
  }

  @Test func givenPoolingAndJoiningWhenLaidOutThenTheirTensorsShareAScale() throws {
    let region = try IntegerRegion(Self.model(), inputSize: 64)
    let made = layout(region)
    // Everything that the concatenation joins and nobody else reads has its scale, and through the pooling so has
    // `one`: -0.28, the least that SiLU gives, to 10.
    let joined = try #require(made.scales["joined"])
    for name in ["one", "pooled", "two"] { #expect(made.scales[name] == joined) }
    #expect(abs(joined.scale - 10.278 / 255) < 1e-3)
    #expect(joined.zero == 7)
    // ReLU is the rounding itself: its sums are not rounded before.
    #expect(made.scales["sum1"] == nil)
    #expect(made.rectified == ["sum1"])
    #expect(try #require(made.scales["sum2"]).zero == 85)
    // -0.2 to 4.
    #expect(try #require(made.scales["three"]).zero == 12)
    #expect(made.choices.count == 4)
  }

  @Test func givenATensorToLeaveWhenLaidOutThenWhatIsTiedToItIsLeftToo() throws {
    let made = layout(try IntegerRegion(Self.model(), inputSize: 64))
    #expect(Set(made.leaving(["pooled"]).scales.keys) == ["sum2", "sum3", "three"])
    #expect(Set(made.only("two").scales.keys) == ["one", "pooled", "two", "joined"])
  }

  @Test func givenSignedIntegersWhenLaidOutThenEveryZeroIsZero() throws {
    let made = layout(try IntegerRegion(Self.model(), inputSize: 64), isSigned: true)
    #expect(made.scales.values.allSatisfy { $0.zero == 0 })
    #expect(abs(try #require(made.scales["joined"]).scale - 10.0 / 127) < 1e-3)
    // Rounding cannot cut off at zero then, so ReLU stays.
    #expect(made.scales["sum1"] != nil)
  }

  @Test func givenALayoutWhenWrittenThenWeightsHaveAScaleForEachOutputAndBiasesFollow() throws {
    let model = try Self.model()
    let region = try IntegerRegion(model, inputSize: 64)
    let made = layout(region)
    let written = try PortableModelWriter.write(model, region, made)
    // The first reads the picture, the last gives the output.
    #expect(written.integerConvolutions == 2)
    let stored = written.model.storedTensors()
    let weights = try #require(stored["sum3/weights_integers"])
    #expect(weights.dataType == Int32(Onnx_TensorProto.DataType.int8.rawValue))
    #expect(weights.dims == [16, 16, 1, 1])
    let scales = try #require(stored["sum3/weights_scales"]?.allFloats())
    let float = try #require(stored["sum3/bias_scales"]?.allFloats())
    let source = try #require(made.scales["joined"]).scale
    #expect(scales.count == 16)
    for (scale, bias) in zip(scales, float) { #expect(abs(bias - scale * source) <= 1e-6 * bias) }
    let original = try #require(model.storedTensors()["w3"]?.allFloats())
    for (index, byte) in weights.rawData.enumerated() {
      let value = Float(Int8(bitPattern: byte)) * scales[index / 16]
      #expect(abs(value - original[index]) <= scales[index / 16] * 0.501)
    }
    for (index, byte) in weights.rawData.enumerated() where index % 2 == 0 {
      // Neighbours as the kernel multiplies them: their sum of products with 255 must fit 16 bits.
      let pair = [byte, weights.rawData[weights.rawData.startIndex + index + 1]].map { Int(Int8(bitPattern: $0)) }
      #expect((-32768...32767).contains(255 * (max(pair[0], 0) + max(pair[1], 0))))
      #expect((-32768...32767).contains(255 * (min(pair[0], 0) + min(pair[1], 0))))
    }
    #expect(stored["sum3/bias_integers"]?.dataType == OnnxElement.int32)
    // Only standard operators, each tensor made before it is read.
    var known = Set(written.model.proto.graph.initializer.map(\.name) + ["x"])
    for node in written.model.proto.graph.node {
      #expect(node.domain.isEmpty)
      for input in node.input { #expect(known.contains(input), "\(node.name) reads \(input)") }
      known.formUnion(node.output)
    }
    #expect(known.contains("y"))
  }

  @Test func givenARoundedTensorThatIsAnOutputWhenWrittenThenTheOutputKeepsItsName() throws {
    var model = try Self.model()
    model.proto.graph.output = [.tensor("three", [1, 16, 64, 64].map { .fixed($0) })]
    _ = DeadNodeElimination().apply(to: &model)
    let region = try IntegerRegion(model, inputSize: 64)
    let written = try PortableModelWriter.write(model, region, layout(region)).model
    let last = try #require(written.proto.graph.node.last)
    #expect(last.opType == "DequantizeLinear")
    #expect(last.output == ["three"])
  }
}
