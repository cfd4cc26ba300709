import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// Convolutions of a model that operators of ours do in their place, against ONNX Runtime's own.
@Suite(
  "Convolutions replaced by kernels",
  .enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct KernelFusionTests {
  struct Form: Sendable, CustomTestStringConvertible {
    var inputs: Int, outputs: Int, kernel: Int
    var stride = 1
    var isDepthwise = false
    /// What reads the convolution.
    var function: String?
    var isLeft = false
    var testDescription: String {
      "\(inputs) to \(outputs), \(kernel)x\(kernel) by \(stride), depthwise \(isDepthwise), \(function ?? "no function"), left \(isLeft)"
    }
  }

  /// Bytes of 1 x 3 x columns x channels, which are 3 rows of a picture, through a convolution.
  private func model(_ form: Form, seed: UInt64) throws -> OnnxModel {
    var random = SplitMix64(seed: seed)
    let depth = form.isDepthwise ? 1 : form.inputs, taps = form.kernel * form.kernel
    // Small enough for kernels that add two products in 16 bits.
    let weights = (0..<form.outputs * depth * taps).map { _ in Int8.random(in: -63...63, using: &random) }
    let factors = (0..<form.outputs).map { _ in Float.random(in: 0.0005...0.004, using: &random) }
    let bias = (0..<form.outputs).map { _ in Int32.random(in: 0...50_000, using: &random) }
    var convolution = Onnx_NodeProto.make(
      "QLinearConv", ["x", "one", "zero", "weights", "factors", "zeros", "one", "none", "bias"], "sums",
      domain: "com.microsoft")
    convolution.set("channels_last", 1)
    convolution.set("group", form.isDepthwise ? form.inputs : 1)
    convolution.set("kernel_shape", [form.kernel, form.kernel])
    convolution.set("strides", [form.stride, form.stride])
    convolution.set("pads", Array(repeating: form.kernel / 2, count: 4))
    var nodes = [convolution]
    if let function = form.function {
      var activation = Onnx_NodeProto.make("QuantizedActivation", ["sums"], "active", domain: OnnxModel.ownDomain)
      activation.set("function", function)
      activation.set("scale", (0..<form.outputs).map { 0.03 + 0.001 * Float($0) })
      activation.set("offset", [Float](repeating: -2, count: form.outputs))
      activation.set("output_scale", [Float](repeating: 0.03, count: form.outputs))
      activation.set("output_zero", [Float](repeating: 9, count: form.outputs))
      nodes.append(activation)
    }
    for (index, name) in ([form.function == nil ? "sums" : "active"] + (form.isLeft ? ["sums"] : [])).enumerated() {
      var cast = Onnx_NodeProto.make("Cast", [name], "y\(index)")
      cast.set("to", Int(OnnxElement.float))
      nodes.append(cast)
    }
    var proto = Onnx_ModelProto()
    proto.irVersion = 8
    proto.opsetImport = [.version(13, of: ""), .version(1, of: "com.microsoft")]
    if form.function != nil { proto.opsetImport.append(.version(1, of: OnnxModel.ownDomain)) }
    proto.graph.name = "test"
    proto.graph.node = nodes
    proto.graph.initializer = [
      .floats("one", [], [1]), .bytes("zero", [], [113]), .bytes("none", [], [0]),
      .signedBytes("weights", [form.outputs, depth, form.kernel, form.kernel], weights),
      .floats("factors", [form.outputs], factors),
      .signedBytes("zeros", [form.outputs], Array(repeating: 0, count: form.outputs)), .words("bias", bias),
    ]
    var input = Onnx_ValueInfoProto.tensor("x", [.fixed(1), .fixed(3), .free("columns"), .fixed(form.inputs)])
    input.type.tensorType.elemType = OnnxElement.uint8
    proto.graph.input = [input]
    proto.graph.output = (0..<(form.isLeft ? 2 : 1)).map { .tensor("y\($0)", []) }
    for index in proto.graph.output.indices { proto.graph.output[index].type.tensorType.clearShape() }
    return OnnxModel(proto: proto, name: "test")
  }

  /// - Parameter threads: 1 for the kernels, where the processor has them; others leave the model as it is.
  private func run(_ model: Data, _ form: Form, columns: Int, threads: Int) throws -> [[Float]] {
    let engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
    let session = try engine.makeSession(model: model, options: SessionOptions(threads: threads, modelName: "test"))
    var random = SplitMix64(seed: 3)
    let bytes = (0..<3 * columns * form.inputs).map { _ in UInt8.random(in: 0...255, using: &random) }
    return try session.run(.bytes([1, 3, columns, form.inputs], bytes)) { outputs in
      // SAFETY: copied while the outputs are lent.
      outputs.outputs.map { output in unsafe Array(output.values) }
    }
  }

  @Test(
    "given a model's convolution, when kernels do it, then every byte is ONNX Runtime's",
    arguments: [
      Form(inputs: 32, outputs: 48, kernel: 1, function: "silu"), Form(inputs: 64, outputs: 16, kernel: 1),
      Form(inputs: 12, outputs: 85, kernel: 1, function: "relu"),
      Form(inputs: 16, outputs: 16, kernel: 3, isDepthwise: true, function: "silu"),
      Form(inputs: 96, outputs: 96, kernel: 5, isDepthwise: true),
      Form(inputs: 40, outputs: 40, kernel: 3, stride: 2, isDepthwise: true, function: "silu", isLeft: true),
      Form(inputs: 32, outputs: 32, kernel: 1, function: "silu", isLeft: true),
    ], [7, 131])
  func same(form: Form, columns: Int) throws {
    let model = try model(form, seed: 17).serialized()
    let fused = try #require(KernelFusion.fused(model, instructions: .avx512))
    let types = try OnnxModel(data: fused, name: "fused").proto.graph.node.map(\.opType)
    #expect(types.first == (form.isDepthwise ? "DepthwiseConvolution" : "PointwiseConvolution"))
    // What something else reads as well keeps a node of its own.
    #expect(types.contains("QuantizedActivation") == (form.isLeft && form.function != nil))
    let plain = try run(model, form, columns: columns, threads: 2)
    #expect(try run(fused, form, columns: columns, threads: 2) == plain)
    #expect(try run(model, form, columns: columns, threads: 1) == plain)
    #expect(Set(plain[0]).count > 20)
  }

  @Test("given convolutions that no kernel takes, when a model is opened, then it stays as it is")
  func others() throws {
    let forms = [
      Form(inputs: 8, outputs: 8, kernel: 3), Form(inputs: 6, outputs: 8, kernel: 1),
      Form(inputs: 8, outputs: 8, kernel: 1, stride: 2),
    ]
    for form in forms {
      let model = try model(form, seed: 1)
      #expect(try KernelFusion.fused(model.serialized(), instructions: .avx512) == nil)
    }
    var changed = try model(Form(inputs: 8, outputs: 8, kernel: 1), seed: 1)
    #expect(try KernelFusion.fused(changed.serialized(), instructions: .none) == nil)
    // Another zero of the output, and weights that are not stored.
    changed.proto.graph.initializer[2] = .bytes("none", [], [3])
    #expect(try KernelFusion.fused(changed.serialized(), instructions: .avx512) == nil)
    changed = try model(Form(inputs: 8, outputs: 8, kernel: 1), seed: 1)
    changed.proto.graph.initializer.removeAll { $0.name == "weights" }
    #expect(try KernelFusion.fused(changed.serialized(), instructions: .avx512) == nil)
    #expect(KernelFusion.fused(Data("QLinearConv".utf8), instructions: .avx512) == nil)
  }

  @Test("given a processor without kernels, when a picture's convolution is opened, then floats compute the same")
  func spelledOut() throws {
    var random = SplitMix64(seed: 5)
    let weights = (0..<5 * 3 * 16).map { _ in Int8.random(in: -127...127, using: &random) }
    for function in ["silu", "relu", "leaky_relu", "identity"] {
      var node = Onnx_NodeProto.make(
        "PictureConvolution", ["x", "weights", "scales", "bias"], "y", domain: OnnxModel.ownDomain)
      node.set("kernel_shape", [4, 4])
      node.set("strides", [2, 2])
      node.set("pads", [1, 1, 1, 1])
      node.set("fill", [3, 128, 0])
      node.set("function", function)
      node.set("alpha", Float(0.2))
      var proto = Onnx_ModelProto()
      proto.irVersion = 8
      proto.opsetImport = [.version(13, of: ""), .version(2, of: OnnxModel.ownDomain)]
      proto.graph.name = "test"
      proto.graph.node = [node]
      proto.graph.initializer = [
        .signedBytes("weights", [5, 3, 4, 4], weights), .floats("scales", [5], [0.001, 0.0002, 0.0005, 0.0001, 0.002]),
        .floats("bias", [5], [1, -2, 0, 0.5, 3]),
      ]
      var input = Onnx_ValueInfoProto.tensor("x", [.fixed(1), .fixed(3), .fixed(9), .fixed(21)])
      input.type.tensorType.elemType = OnnxElement.uint8
      proto.graph.input = [input]
      proto.graph.output = [.tensor("y", [])]
      proto.graph.output[0].type.tensorType.clearShape()
      let model = try OnnxModel(proto: proto, name: "test").serialized()
      let floats = try #require(KernelFusion.fused(model, instructions: .none))
      #expect(try OnnxModel(data: floats, name: "floats").proto.graph.node.contains { $0.opType == "Conv" })
      let engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
      let bytes = (0..<3 * 9 * 21).map { _ in UInt8.random(in: 0...255, using: &random) }
      let results = try [model, floats].map { data in
        try engine.makeSession(model: data, options: SessionOptions(threads: 2, modelName: "test")).run(
          .bytes([1, 3, 9, 21], bytes)
        ) { outputs in
          // SAFETY: copied while the outputs are lent.
          unsafe Array(outputs.outputs[0].values)
        }
      }
      #expect(results[0].count == 5 * 4 * 10 && results[1].count == results[0].count)
      for (one, other) in zip(results[0], results[1]) { #expect(abs(one - other) <= 1e-4 * max(1, abs(other))) }
    }
  }
}
