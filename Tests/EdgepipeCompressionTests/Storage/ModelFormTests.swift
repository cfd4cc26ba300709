@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// A real detector and a small model in every form: checked by ONNX's own checker, run by Python's ONNX Runtime and by
/// ours, and compared with the float model.
@Suite(
  .serialized,
  .enabled(
    if: TestData.onnxRuntimeLibrary != nil && ModelFiles.yoloxNano != nil && TestData.python != nil,
    "needs ONNX Runtime, yolox_nano.onnx and .deps/python"))
struct ModelFormTests {
  private let side = 160
  private let format = ModelManifest.Head.yolox.defaultInput

  private struct Facts: Decodable {
    var domains: [String]
    var opset: Int
    var fused: [String: Int]
  }

  private func detector() throws -> OnnxModel {
    var model = try OnnxModel(contentsOf: #require(ModelFiles.yoloxNano))
    GraphPasses.apply(to: &model)
    try OnnxShapes.free(&model)
    return model
  }

  private func engine() throws -> ONNXRuntimeEngine {
    try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
  }

  private func picture(_ seed: Int, side: Int) -> Tensor {
    .bytes(
      [1, 3, side, side],
      (0..<3 * side * side).map { index in
        let x = Double(index % side), y = Double(index / side % side), plane = Double(index / side / side)
        return UInt8(127 + 60 * sin(x / 9 + Double(seed)) + 60 * cos(y / 13 + plane + Double(seed) / 2))
      })
  }

  private func outputs(_ model: OnnxModel, _ input: Tensor) throws -> [Float] {
    let session = try engine().makeSession(model: model.serialized(), options: SessionOptions(modelName: "test"))
    // SAFETY: copied while the outputs are lent.
    return try session.run(input) { unsafe Array($0.outputs[0].values) }
  }

  /// What Python's ONNX Runtime says of a model, after checking that it gives our numbers.
  private func checked(_ model: OnnxModel, _ input: Tensor) throws -> Facts {
    let folder = try TestData.temporaryFolder("form")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("model.onnx"), source = folder.appendingPathComponent("input")
    try model.write(to: file)
    // SAFETY: copied while the floats are lent.
    let values = unsafe input.withFloats { unsafe Array($0) }
    try Onnx_TensorProto.floats("x", [values.count], values).rawData.write(to: source)
    let line = [file.path, source.path, input.shape.map { "\($0)" }.joined(separator: ","), folder.path]
    let answer = try #require(try GoldenScript.run("model_forms.py", lines: [line.joined(separator: "\t")]).first)
    // The same library on one thread does the same arithmetic.
    let ours = try Onnx_TensorProto.floats("y", [], outputs(model, input)).rawData
    #expect(try Data(contentsOf: folder.appendingPathComponent("0.bin")) == ours)
    return try JSONDecoder().decode(Facts.self, from: answer)
  }

  /// The mean difference of box numbers and of scores: rows of 85, the first four of them a box.
  private func distance(_ one: [Float], _ other: [Float]) -> (box: Double, score: Double) {
    var box = 0.0, score = 0.0
    for (index, pair) in zip(one, other).enumerated() {
      if index % 85 < 4 { box += Double(abs(pair.0 - pair.1)) } else { score += Double(abs(pair.0 - pair.1)) }
    }
    let rows = Double(max(1, one.count / 85))
    return (box / (4 * rows), score / (81 * rows))
  }

  @Test(arguments: [false, true])
  func givenADetectorWhenMadePortableThenPythonRunsItInIntegersAndGivesTheSame(isSymmetric: Bool) throws {
    let model = try detector(), unseen = picture(7, side: side).prepared(for: format, pool: BufferPool())
    func made() throws -> PortableQuantizer.Result {
      try PortableQuantizer(engine: engine(), options: .init(isSymmetric: isSymmetric)).quantize(
        model, pictures: (0..<2).map { picture($0, side: side) }, format: format
      ) { _, _ in }
    }
    let result = try made()
    let facts = try checked(result.model, unseen)
    #expect(facts.domains == [""])
    #expect(facts.opset == 13)
    // Every pair found its kernel. Signed ones have kernels on ARM only.
    if !isSymmetric {
      #expect(facts.fused["QLinearConv"] == result.integerConvolutions)
      #expect(facts.fused["Conv"] == result.floatConvolutions)
      #expect(facts.fused["QLinearSigmoid"] == 104)
    }
    #expect(result.integerConvolutions > 100)
    if !isSymmetric { #expect(try result.model.serialized() == made().model.serialized()) }
    #expect(try result.model.serialized().count < 1_300_000)
    let float = try outputs(model, unseen), close = try outputs(result.model, unseen)
    #expect(float.count == close.count)
    let distance = distance(float, close)
    #expect(distance.box < 0.5)
    #expect(distance.score < 0.02)
  }

  /// Everything but the weights' rounding is the same.
  @Test func givenMomentsOfTheInputsWhenMadePortableThenOutputsAreCloserThanWithWeightsRoundedToNearest() throws {
    let model = try PortableLayoutTests.model(), pictures = (0..<5).map { picture($0, side: 64) }
    let region = try IntegerRegion(model, inputSize: 64), engine = try engine()
    let calibration = try Calibration(model, region, pictures: pictures, format: format, engine: engine) { _, _ in }
    let layout = PortableLayout(region, try Distribution.all(region, calibration), rule: .minMax, isSigned: false)
    let moments = try InputMoments(model, region, pictures: pictures, format: format, engine: engine) { _, _ in }
    let pool = BufferPool()
    let error = try OutputError(
      model, inputs: (5..<9).map { picture($0, side: 64).prepared(for: format, pool: pool) }, engine: engine)
    let nearest = try error(of: PortableModelWriter.write(model, region, layout).model)
    let fed = try error(of: PortableModelWriter.write(model, region, layout, moments: moments).model)
    #expect(fed < nearest, "\(fed), \(nearest)")
  }

  @Test func givenTheMostSensitiveTensorInFloatsWhenMadePortableThenOutputsAreCloser() throws {
    let model = try PortableLayoutTests.model(), pictures = (0..<5).map { picture($0, side: 64) }
    func made(_ floats: FloatChoice) throws -> PortableQuantizer.Result {
      try PortableQuantizer(engine: engine(), options: .init(rule: .minMax, floats: floats)).quantize(
        model, pictures: pictures, format: format
      ) { _, _ in }
    }
    let plain = try made(.none), some = try made(.worst(1))
    #expect(some.floatTensors == 1)
    #expect(some.ranking.count == 4)
    #expect(zip(some.ranking, some.ranking.dropFirst()).allSatisfy { $0.error > $1.error })
    #expect(some.integerConvolutions < plain.integerConvolutions)
    #expect(plain.ranking.isEmpty)
    let unseen = picture(9, side: 64).prepared(for: format, pool: BufferPool())
    let error = try OutputError(model, inputs: [unseen], engine: engine())
    #expect(try error(of: some.model) < error(of: plain.model))
    #expect(try error(of: model) == 0)
    // More than there are, and fewer than none.
    #expect(try made(.worst(99)).floatTensors == 4)
    #expect(try made(.worst(-1)).floatTensors == 0)
  }

  @Test func givenHalfPrecisionWhenRunThenPythonGivesTheSameAndTheOutputsHardlyMove() throws {
    let model = try detector(), unseen = picture(7, side: side).prepared(for: format, pool: BufferPool())
    let made = try HalfPrecisionStorage.apply(to: model)
    #expect(try Double(made.model.serialized().count) < 0.53 * Double(model.serialized().count))
    let facts = try checked(made.model, unseen)
    #expect(facts.fused["Cast"] == nil)
    let distance = try distance(outputs(model, unseen), outputs(made.model, unseen))
    #expect(distance.box < 0.02)
    #expect(distance.score < 1e-3)
  }

  @Test(arguments: [16, 32])
  func givenSharedWeightsWhenRunThenTheyAreTheRestoredOnesAndNothingOfTheTablesIsLeft(clusters: Int) throws {
    let model = try detector(), unseen = picture(7, side: side).prepared(for: format, pool: BufferPool())
    let made = try WeightSharing(clusters: clusters).apply(to: model)
    let facts = try checked(made.model, unseen)
    for type in ["Gather", "Cast", "Mul", "Div", "Mod", "Slice"] { #expect(facts.fused[type] == nil, "\(type)") }
    let limits = [16: 5.2, 32: 6.7]
    #expect(try made.bitsPerWeight < #require(limits[clusters]))
    // The same model with the weights written out.
    var plain = model
    let computed = Set(made.model.proto.graph.node.flatMap(\.output))
    for index in plain.proto.graph.initializer.indices {
      let tensor = plain.proto.graph.initializer[index]
      guard computed.contains(tensor.name), let values = tensor.allFloats() else { continue }
      let shared = SharedTensor(tensor, values, clusters: tensor.dims[1] < 4 ? 256 : clusters)
      plain.proto.graph.initializer[index] = .floats(tensor.name, tensor.dims.map { Int($0) }, shared.restored)
    }
    #expect(try outputs(made.model, unseen) == outputs(plain, unseen))
  }

  @Test func givenWhatConvolutionsReadWhenWeightsAreSharedThenOutputsAreCloser() throws {
    let model = try detector(), unseen = picture(7, side: side).prepared(for: format, pool: BufferPool())
    let inputs = try ConvolutionInputs(
      model, pictures: (0..<2).map { picture($0, side: side) }, format: format, engine: engine()
    ) { _, _ in }
    let error = try OutputError(model, inputs: [unseen], engine: engine())
    let plain = try WeightSharing(clusters: 32).apply(to: model)
    let corrected = try WeightSharing(clusters: 32).apply(to: model, inputs: inputs)
    #expect(try error(of: corrected.model) < error(of: plain.model) / 2)
    _ = try checked(corrected.model, unseen)
    #expect(throws: PipelineError.self) {
      try ConvolutionInputs(model, pictures: [], format: format, engine: engine()) { _, _ in }
    }
  }

  @Test func givenIntegerWeightsWhenSharedThenTheKernelsAreStillThoseOfIntegers() throws {
    let model = try detector(), unseen = picture(7, side: side).prepared(for: format, pool: BufferPool())
    let portable = try PortableQuantizer(engine: engine(), options: .init(clusters: 16)).quantize(
      model, pictures: [picture(0, side: side)], format: format
    ) { _, _ in }
    let made = try WeightSharing(clusters: 16).apply(to: portable.model)
    let facts = try checked(made.model, unseen)
    #expect(facts.fused["QLinearConv"] == portable.integerConvolutions)
    // Packing integers of sixteen values loses nothing. What is not shared, depthwise and float convolutions, stays.
    #expect(try outputs(made.model, unseen) == outputs(portable.model, unseen))
    #expect(try made.model.serialized().count < 4 * portable.model.serialized().count / 5)
    #expect(made.bitsPerWeight < 4.8)
    #expect(!made.kept.isEmpty)
  }

  @Test func givenSharedIntegersWhenMadeThenNoPairCanSaturateAndBiasesMakeUpForIt() throws {
    var random = SplitMix64(seed: 8)
    let weights = (0..<8 * 32).map { _ in Float.random(in: -1...1, using: &random) }
    let float = FloatConvolution(
      shape: [8, 32, 1, 1], weights: weights, bias: Array(repeating: 0, count: 8), groups: 1, strides: [1, 1],
      pads: [0, 0, 0, 0])
    let input = TensorScale(scales: Array(repeating: 0.02, count: 32), zero: 0)
    let output = TensorScale(scales: Array(repeating: 1, count: 8), zero: 0)
    let means = (0..<32).map { Double($0) }
    let plain = try IntegerConvolution(float, input: input, output: output, means: nil)
    var shared = plain
    shared.share(8, float, means: means)
    #expect(Set(shared.weights.values).count <= 8)
    for output in 0..<8 {
      let row = shared.weights.values[output * 32..<(output + 1) * 32].map { Int($0) }
      for pair in stride(from: 0, to: 32, by: 2) {
        #expect((-32768...32767).contains(255 * (max(row[pair], 0) + max(row[pair + 1], 0))))
        #expect((-32768...32767).contains(255 * (min(row[pair], 0) + min(row[pair + 1], 0))))
      }
      // The sum of mean inputs is what it was, to a unit.
      func sum(_ made: IntegerConvolution) -> Double {
        (0..<32).reduce(Double(made.bias[output])) { $0 + means[$1] * Double(made.weights.values[output * 32 + $1]) }
      }
      #expect(abs(sum(shared) - sum(plain)) <= 0.5)
    }
  }

  @Test func givenASmallModelWhenMadePortableThenPythonGivesTheSameAndAnErrorBoundIsKept() throws {
    let model = try PortableLayoutTests.model()
    let pictures = (0..<5).map { picture($0, side: 64) }
    let format = ModelManifest.Head.yolox.defaultInput
    func made(_ floats: FloatChoice) throws -> PortableQuantizer.Result {
      try PortableQuantizer(engine: engine(), options: .init(rule: .minMax, floats: floats)).quantize(
        model, pictures: pictures, format: format
      ) { _, _ in }
    }
    let unseen = picture(8, side: 64).prepared(for: format, pool: BufferPool())
    let plain = try made(.none)
    let facts = try checked(plain.model, unseen)
    #expect(facts.fused["QLinearConv"] == 2)
    #expect(facts.fused["Relu"] == nil)
    let error = try OutputError(
      model, inputs: [pictures[4].prepared(for: format, pool: BufferPool())], engine: engine())
    let whole = try error(of: plain.model)
    #expect(whole > 0)
    let bounded = try made(.untilError(whole / 2))
    #expect(bounded.floatTensors > 0)
    #expect(try error(of: bounded.model) <= whole / 2)
    #expect(try made(.untilError(0)).integerConvolutions == 0)
    // More than enough: nothing needs to be given back.
    #expect(try made(.untilError(whole * 2)).floatTensors == 0)
    #expect(throws: PipelineError.self) { try made(.untilError(-1)) }
  }

  @Test func givenOnePictureWhenSensitivityIsAskedForThenItSaysThatMoreAreNeeded() throws {
    let model = try detector()
    #expect(throws: PipelineError.self) {
      try PortableQuantizer(engine: engine(), options: .init(floats: .worst(1))).quantize(
        model, pictures: [picture(0, side: 64)], format: format
      ) { _, _ in }
    }
    #expect(throws: PipelineError.self) {
      try PortableQuantizer(engine: engine()).quantize(model, pictures: [], format: format) { _, _ in }
    }
  }
}
