import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// Float convolutions between a picture's bytes and a model's integers, against ONNX Runtime's own.
@Suite(
  "Float convolutions replaced by kernels",
  .enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct FloatChainTests {
  /// A convolution and the function behind it.
  struct Part: Sendable {
    /// Nil where each channel is convolved by itself.
    var outputs: Int?
    var kernel = 1, stride = 1
    var pads = [0, 0, 0, 0]
    var function = "silu"

    static func depthwise(_ kernel: Int, _ stride: Int, _ pads: [Int], _ function: String = "silu") -> Part {
      Part(outputs: nil, kernel: kernel, stride: stride, pads: pads, function: function)
    }

    static func pointwise(_ outputs: Int, _ function: String = "silu") -> Part {
      Part(outputs: outputs, function: function)
    }
  }

  private static let (height, width) = (21, 75)

  /// - Parameter first: outputs of the convolution that reads the picture.
  private func model(_ parts: [Part], first: Int, seed: UInt64) throws -> OnnxModel {
    var random = SplitMix64(seed: seed)
    var picture = Onnx_NodeProto.make(
      PictureConvolution.name, ["x", "weights", "scales", "bias"], "first", domain: OnnxModel.ownDomain)
    picture.set("kernel_shape", [3, 3])
    picture.set("strides", [1, 2])
    picture.set("pads", [1, 1, 1, 1])
    picture.set("fill", [0, 114, 255])
    picture.set("function", "silu")
    let weights = (0..<first * 27).map { _ in Int8.random(in: -127...127, using: &random) }
    var stored: [Onnx_TensorProto] = [
      .signedBytes("weights", [first, 3, 3, 3], weights),
      .floats("scales", [first], (0..<first).map { _ in Float.random(in: 0.00001...0.00005, using: &random) }),
      .floats("bias", [first], (0..<first).map { _ in Float.random(in: -1...1, using: &random) }),
    ]
    var nodes = [picture], tensor = "first", channels = first
    for (index, part) in parts.enumerated() {
      let outputs = part.outputs ?? channels, depth = part.outputs == nil ? 1 : channels
      let taps = depth * part.kernel * part.kernel, count = outputs * taps, reach = 2 / Float(taps).squareRoot()
      stored.append(
        .floats(
          "weights\(index)", [outputs, depth, part.kernel, part.kernel],
          (0..<count).map { _ in Float.random(in: -reach...reach, using: &random) }))
      stored.append(
        .floats("bias\(index)", [outputs], (0..<outputs).map { _ in Float.random(in: -0.5...0.5, using: &random) }))
      let sums = "sums\(index)", result = part.function == "identity" ? sums : "part\(index)"
      var convolution = Onnx_NodeProto.make("Conv", [tensor, "weights\(index)", "bias\(index)"], sums)
      convolution.set("group", part.outputs == nil ? channels : 1)
      convolution.set("kernel_shape", [part.kernel, part.kernel])
      convolution.set("strides", [part.stride, part.stride])
      convolution.set("pads", part.pads)
      nodes.append(convolution)
      switch part.function {
      case "silu":
        nodes.append(.make("Sigmoid", [sums], "gate\(index)"))
        nodes.append(.make("Mul", [sums, "gate\(index)"], result))
      case "relu": nodes.append(.make("Relu", [sums], result))
      case "leaky_relu":
        var leaky = Onnx_NodeProto.make("LeakyRelu", [sums], result)
        leaky.set("alpha", Float(0.2))
        nodes.append(leaky)
      default: break
      }
      (tensor, channels) = (result, outputs)
    }
    var quantize = Onnx_NodeProto.make(QuantizeFromPlanar.name, [tensor], "bytes", domain: OnnxModel.ownDomain)
    quantize.set("scale", (0..<channels).map { 0.01 + 0.0003 * Float($0) })
    quantize.set("zero", (0..<channels).map { 40 + 0.5 * Float($0) })
    var cast = Onnx_NodeProto.make("Cast", ["bytes"], "y")
    cast.set("to", Int(OnnxElement.float))
    var proto = Onnx_ModelProto()
    proto.irVersion = 8
    proto.opsetImport = [.version(13, of: ""), .version(2, of: OnnxModel.ownDomain)]
    proto.graph.name = "test"
    proto.graph.node = nodes + [quantize, cast]
    proto.graph.initializer = stored
    var input = Onnx_ValueInfoProto.tensor("x", [.fixed(1), .fixed(3), .free("height"), .free("width")])
    input.type.tensorType.elemType = OnnxElement.uint8
    proto.graph.input = [input]
    proto.graph.output = [.tensor("y", [])]
    proto.graph.output[0].type.tensorType.clearShape()
    return OnnxModel(proto: proto, name: "test")
  }

  /// - Parameter threads: 1 for the kernels, where the processor has them; others leave the model as it is.
  private func run(_ model: Data, threads: Int) throws -> (shape: [Int], values: [Float]) {
    let engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
    let session = try engine.makeSession(model: model, options: SessionOptions(threads: threads, modelName: "test"))
    var random = SplitMix64(seed: 3)
    let bytes = (0..<3 * Self.height * Self.width).map { _ in UInt8.random(in: 0...255, using: &random) }
    return try session.run(.bytes([1, 3, Self.height, Self.width], bytes)) { outputs in
      // SAFETY: copied while the outputs are lent.
      (outputs.outputs[0].shape, unsafe Array(outputs.outputs[0].values))
    }
  }

  static let chains: [[Part]] = [
    [.depthwise(3, 2, [1, 1, 1, 1]), .pointwise(32)],
    [.pointwise(48, "relu"), .depthwise(5, 1, [2, 2, 2, 2], "leaky_relu")],
    [.pointwise(16, "identity"), .depthwise(3, 3, [0, 2, 1, 0], "identity"), .pointwise(96, "leaky_relu")],
    [.depthwise(2, 1, [0, 0, 1, 1], "relu")],
  ]

  @Test(
    "given float convolutions before the integers, when kernels do them, then bytes are ONNX Runtime's or the next ones",
    arguments: chains.indices, [16, 48])
  func same(chain: Int, first: Int) throws {
    let model = try model(Self.chains[chain], first: first, seed: UInt64(chain * 100 + first)).serialized()
    let fused = try #require(KernelFusion.fused(model, instructions: .avx512))
    let types = try OnnxModel(data: fused, name: "fused").proto.graph.node.map(\.opType)
    let between = Array(repeating: FloatConvolution.name, count: Self.chains[chain].count - 1)
    #expect(types == [PictureConvolution.name] + between + [QuantizingConvolution.name, "Cast"])
    let plain = try run(model, threads: 2)
    for other in [try run(fused, threads: 2), try run(model, threads: 1)] {
      #expect(other.shape == plain.shape)
      let steps = zip(plain.values, other.values).map { abs($0 - $1) }
      // A different order of sums moves few values across the middle between two bytes, and none further.
      #expect(steps.allSatisfy { $0 <= 1 } && steps.reduce(0, +) <= Float(steps.count) / 500)
    }
    #expect(Set(plain.values).count > 100)
  }

  @Test("given a chain with something that no kernel takes, when a model is opened, then it stays as it is")
  func others() throws {
    func isLeft(_ model: OnnxModel) throws -> Bool {
      try KernelFusion.fused(model.serialized(), instructions: .avx512) == nil
    }
    let parts: [Part] = [.depthwise(3, 2, [1, 1, 1, 1]), .pointwise(32)]
    let whole = try model(parts, first: 16, seed: 1)
    #expect(try !isLeft(whole) && KernelFusion.fused(whole.serialized(), instructions: .avx2) == nil)
    // Channels that do not fill a register, a window over all channels, and no convolution at all.
    #expect(try isLeft(model(parts, first: 24, seed: 1)))
    #expect(try isLeft(model([.pointwise(40)], first: 16, seed: 1)))
    var full = Part.pointwise(16)
    (full.kernel, full.pads) = (3, [1, 1, 1, 1])
    #expect(try isLeft(model([full], first: 16, seed: 1)))
    #expect(try isLeft(model([], first: 16, seed: 1)))
    // What lies between is an output of the model, or read by something else; weights that are not stored.
    for tensor in ["first", "sums0", "gate0", "part0", "part1"] {
      var changed = whole
      changed.proto.graph.output.append(.tensor(tensor, []))
      #expect(try isLeft(changed), "\(tensor) is an output")
      changed = whole
      changed.proto.graph.node.append(.make("Relu", [tensor], "other"))
      #expect(try isLeft(changed), "\(tensor) is read")
    }
    var changed = whole
    changed.proto.graph.initializer.removeAll { $0.name == "bias1" }
    #expect(try isLeft(changed))
    changed = whole
    changed.proto.graph.node.removeAll { $0.opType == QuantizeFromPlanar.name }
    #expect(try isLeft(changed))
  }

  @Test(
    "given a float convolution, when the processor's kernels compute it, then it is the reference but for rounding",
    arguments: [true, false])
  func kernels(isDepthwise: Bool) throws {
    var random = SplitMix64(seed: 11)
    let outputs = 32, depth = isDepthwise ? 1 : 12, taps = isDepthwise ? 6 : 1, length = 37
    let window = ConvolutionWindow(
      height: isDepthwise ? 2 : 1, width: isDepthwise ? 3 : 1, strideY: 1, strideX: isDepthwise ? 2 : 1, top: 0,
      left: isDepthwise ? 2 : 0, bottom: 0, right: isDepthwise ? 1 : 0)
    func numbers(_ count: Int, _ range: ClosedRange<Float>) -> [Float] {
      (0..<count).map { _ in Float.random(in: range, using: &random) }
    }
    let weights = numbers(outputs * depth * taps, -1...1), bias = numbers(outputs, -1...1)
    let source = numbers(length * (isDepthwise ? outputs : depth), -2...2)
    let columns = isDepthwise ? 19 : length
    for function in [ActivationFunction.silu, .relu, .identity, .leakyReLU(0.1)] {
      let results = [InstructionSet.none, .ofProcessor].map { set -> [Float] in
        let kernel = FloatKernel(
          window: window, weights: weights, bias: bias, depth: depth, isDepthwise: isDepthwise, function: function,
          quantizer: nil, instructions: set)
        var target = [Float](repeating: 99, count: columns * outputs)
        // SAFETY: the source has a row of places, the target room for all outputs.
        unsafe source.withUnsafeBufferPointer { source in
          unsafe target.withUnsafeMutableBytes { target in
            guard let from = source.baseAddress, let to = target.baseAddress else { return }
            if isDepthwise {
              // The window's first row lies outside of the picture.
              unsafe kernel.rows[1] = from
              unsafe kernel.applyDepthwise(length: length, columns: columns, to: to)
            } else {
              unsafe kernel.applyPointwise(from, places: length, to: to)
            }
          }
        }
        return target
      }
      for (one, other) in zip(results[0], results[1]) { try #require(abs(one - other) <= 1e-5 * max(1, abs(one))) }
      #expect(Set(results[0]).count > 100)
    }
  }
}
