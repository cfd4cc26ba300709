@testable import EdgepipeONNX
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeCore

@Suite(
  "Pruning and refitting",
  .enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct PruningTests {
  private let fixture: PruneFixture
  private let inputs: CalibrationPictures
  private let refit = LayerRefit.Options(placesPerPicture: 48)

  init() throws {
    fixture = try PruneFixture()
    inputs = fixture.pictures(16, seed: 1)
  }

  /// All weights up to the head changed by up to three tenths.
  private func damaged() throws -> OnnxModel {
    var random = SplitMix64(seed: 11), model = fixture.model
    model.replaceWeights(
      try ConvolutionNode.all(of: model).filter { !["y", "head_sum"].contains($0.output) }.map { convolution in
        var weights = try convolution.weights(stored: fixture.model.storedTensors(), modelName: fixture.model.name)
        for place in weights.values.indices { weights.values[place] *= Float.random(in: 0.7...1.3, using: &random) }
        return (convolution, weights)
      })
    return model
  }

  @Test("given a damaged student, when its layers are refitted, then it is closer to the teacher on unseen pictures")
  func refits() throws {
    let teacher = try fixture.outputs(fixture.model), student = try damaged()
    let result = try LayerRefit(engine: fixture.engine, options: refit)
      .refit(student, teacher: fixture.model, inputs: inputs)
    let before = PruneFixture.error(try fixture.outputs(student), teacher)
    let after = PruneFixture.error(try fixture.outputs(result.model), teacher)
    // The student has as many weights as the teacher, so that regression finds nearly all of them again.
    #expect(before > 0.01 && after < before / 4, "\(before) -> \(after)")
    // Each layer depends on the one before.
    let names = ["stem_sum", "wide_sum", "deep_sum", "dense_sum", "narrow_sum", "head_sum", "y"]
    #expect(result.layers.map(\.name) == names)
    #expect(result.layers.allSatisfy { $0.errorAfter <= $0.errorBefore })
  }

  @Test("given a student that is the teacher, when refitted, then nothing is done")
  func untouched() throws {
    let result = try LayerRefit(engine: fixture.engine, options: refit)
      .refit(fixture.model, teacher: fixture.model, inputs: inputs)
    #expect(result.layers.isEmpty)
    #expect(try result.model.serialized() == fixture.model.serialized())
  }

  @Test("given a change in the middle, when refitted, then the layers before it stay as they are")
  func onlyBehind() throws {
    var student = fixture.model
    let narrow = try #require(try ConvolutionNode.all(of: student).first { $0.output == "narrow_sum" })
    var weights = try narrow.weights(stored: student.storedTensors(), modelName: student.name)
    weights.values[0] += 0.5
    student.replaceWeights([(narrow, weights)])
    let result = try LayerRefit(engine: fixture.engine, options: refit)
      .refit(student, teacher: fixture.model, inputs: inputs)
    #expect(result.layers.map(\.name) == ["narrow_sum", "head_sum", "y"])
  }

  @Test(
    "given a ratio, when channels are taken out, then so much is saved in whole bundles, and the same file comes again",
    arguments: StructuredPruning.Importance.allCases)
  func structured(importance: StructuredPruning.Importance) throws {
    let options = StructuredPruning.Options(
      ratio: 0.2, importance: importance, multiple: 4, layerLimit: 0.5, refit: refit)
    func pruned() throws -> StructuredPruning.Result {
      try StructuredPruning(engine: fixture.engine, options: options).prune(fixture.model, inputs: inputs)
    }
    let result = try pruned()
    #expect(result.after.multiplications <= result.before.multiplications * 0.8)
    #expect(result.after.parameters < result.before.parameters)
    #expect(result.channelsAfter < result.channelsBefore)
    let widths = try ConvolutionNode.all(of: result.model).map { ($0.output, $0.outputs) }
    for (name, width) in widths where name != "y" { #expect(width % 4 == 0 && width > 0, "\(name): \(width)") }
    #expect(widths.filter { ["y", "head_sum"].contains($0.0) }.map(\.1) == [24, 5], "heads stay whole")
    #expect(try fixture.outputs(result.model).count == fixture.outputs(fixture.model).count)
    #expect(try pruned().model.serialized() == result.model.serialized())
  }

  @Test("given the same channels, when the rest is refitted, then the outputs are closer than those of the cut model")
  func refitHelps() throws {
    let options = StructuredPruning.Options(ratio: 0.2, multiple: 4, layerLimit: 0.5, refit: refit)
    let result = try StructuredPruning(engine: fixture.engine, options: options).prune(fixture.model, inputs: inputs)
    let analysis = try PruningAnalysis(fixture.model, engine: fixture.engine, inputs: inputs, options: refit) { _ in }
    var cut = fixture.model
    try analysis.surgery(options).cut(&cut)
    let teacher = try fixture.outputs(fixture.model)
    let bare = PruneFixture.error(try fixture.outputs(cut), teacher)
    let fitted = PruneFixture.error(try fixture.outputs(result.model), teacher)
    #expect(fitted < bare / 2, "\(bare) -> \(fitted)")
  }

  @Test(
    "given a ratio, when weights are set to zero, then so many are, they stay zero, and predictions are left whole",
    arguments: StructuredPruning.Importance.allCases)
  func unstructured(importance: StructuredPruning.Importance) throws {
    let options = UnstructuredPruning.Options(ratio: 0.4, importance: importance, refit: refit)
    let result = try UnstructuredPruning(engine: fixture.engine, options: options).prune(fixture.model, inputs: inputs)
    let convolutions = try ConvolutionNode.all(of: fixture.model)
    let weights = convolutions.reduce(0) { $0 + $1.shape.reduce(1, *) }
    #expect(result.after.parameters == result.before.parameters)
    #expect(result.before.nonzero - result.after.nonzero == Int(Double(weights) * 0.4))
    #expect(try fixture.weights("y", of: result.model)?.values.contains(0) == false)
    let teacher = try fixture.outputs(fixture.model)
    #expect(PruneFixture.error(try fixture.outputs(result.model), teacher) < 0.5)
  }

  @Test("given too few pictures, when asked to prune, then the error says so")
  func fewPictures() throws {
    let error = #expect(throws: PipelineError.self) {
      try StructuredPruning(engine: fixture.engine, options: .init(ratio: 0.2))
        .prune(fixture.model, inputs: fixture.pictures(3, seed: 1))
    }
    #expect(error?.message.contains("3 calibration pictures are too few") == true)
    #expect(error?.exit == .dataError)
  }

  @Test("given layers that are too narrow for a bundle, when asked to prune, then the error says so")
  func tooNarrow() throws {
    let error = #expect(throws: PipelineError.self) {
      try StructuredPruning(engine: fixture.engine, options: .init(ratio: 0.2, multiple: 64, refit: refit))
        .prune(fixture.model, inputs: inputs)
    }
    #expect(error?.message.contains("groups of 64") == true)
  }

  @Test("given progress that throws, when pruning, then the work ends")
  func stopped() throws {
    var calls = 0
    #expect(throws: CancellationError.self) {
      try StructuredPruning(engine: fixture.engine, options: .init(ratio: 0.2, multiple: 4, refit: refit))
        .prune(fixture.model, inputs: inputs) { _ in
          calls += 1
          if calls == 3 { throw CancellationError() }
        }
    }
    #expect(calls == 3)
  }

  @Test("given pictures, when they are lent, then every second one is mirrored and one in four is held out both ways")
  func pictures() throws {
    let picture = Tensor.bytes([1, 3, 1, 2], [1, 2, 3, 4, 5, 6])
    let format = ModelManifest.Head.yolox.defaultInput
    let pictures = CalibrationPictures(Array(repeating: picture, count: 4), format: format)
    func values(_ index: Int) -> [Float] {
      // SAFETY: copied while it is lent.
      unsafe pictures.input(index, pool: BufferPool()).withFloats { unsafe Array($0) }
    }
    #expect(pictures.count == 8)
    #expect(values(0) == [1, 2, 3, 4, 5, 6])
    #expect(values(1) == [2, 1, 4, 3, 6, 5])
    #expect((0..<8).filter(pictures.isHeldOut) == [6, 7])
  }
}
