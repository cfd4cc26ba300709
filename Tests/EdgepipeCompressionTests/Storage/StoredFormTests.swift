import ModelTestSupport
@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// Weights in 16 bits and weights that share values.
@Suite struct StoredFormTests {
  @Test func givenNumbersWhenHalvedThenTheyAreRoundedToNearestEven() throws {
    // IEEE 754 binary16: 11 bits of precision, so 2049 lies between 2048 and 2050 and goes to the even one.
    let cases: [(Float, UInt16)] = [
      (0, 0x0000), (-0.0, 0x8000), (1, 0x3C00), (2048, 0x6800), (2049, 0x6800), (2051, 0x6802), (-2, 0xC000),
      (65504, 0x7BFF), (65519, 0x7BFF), (5.960464477539063e-08, 0x0001), (2.98e-08, 0x0000), (1 / 3, 0x3555),
      (6.103515625e-05, 0x0400),
    ]
    let data = try #require(HalfPrecisionStorage.halves(cases.map(\.0)))
    for (index, item) in cases.enumerated() {
      #expect(UInt16(data[2 * index]) | UInt16(data[2 * index + 1]) << 8 == item.1, "\(item.0)")
    }
    // 65520 is half way to the first power of two that there is not: it would become infinite.
    for bad: Float in [65520, -1e6, .infinity, .nan] { #expect(HalfPrecisionStorage.halves([1, bad]) == nil) }
  }

  @Test(.enabled(if: TestData.python != nil, "needs .deps/python"))
  func givenRandomNumbersWhenHalvedThenTheBytesAreThoseOfNumpy() throws {
    var random = SplitMix64(seed: 5)
    let values = (0..<20_000).map { _ in
      Float.random(in: -1...1, using: &random) * exp2(Float(Int.random(in: -26...15, using: &random)))
    }
    let folder = try TestData.temporaryFolder("half")
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appendingPathComponent("values"), target = folder.appendingPathComponent("halves")
    try Onnx_TensorProto.floats("v", [values.count], values).rawData.write(to: source)
    let script = "import sys, numpy; numpy.fromfile(sys.argv[1], '<f4').astype('<f2').tofile(sys.argv[2])"
    try #require(try ModelFiles.python(script, [source.path, target.path]) != nil)
    #expect(try HalfPrecisionStorage.halves(values) == Data(contentsOf: target))
  }

  @Test func givenNumbersInGroupsWhenClusteredThenTheCentresAreTheirMeans() {
    let found = ScalarClusters([5, 1, 1.5, -3, -3.5, 0.5, 5.5, -4], count: 3)
    #expect(found.centres == [-3.5, 1, 5.25])
    // 0.5, 0 and 0.5 from -3.5; 0.5, 0, 0.5 from 1; 0.25 twice from 5.25.
    #expect(abs(found.squaredError - (0.25 * 4 + 0.0625 * 2)) < 1e-12)
    #expect([-9, -1.3, -1.2, 1, 3.1, 3.2, 8].map { found.index(of: $0) } == [0, 0, 1, 1, 1, 2, 2])
  }

  @Test func givenFewerValuesThanClustersWhenClusteredThenNothingIsLost() {
    let found = ScalarClusters([2, 7, 2, 2, 7], count: 16)
    #expect(found.centres == [2, 7])
    #expect(found.squaredError == 0)
  }

  /// Every division of sorted numbers into groups is tried.
  @Test func givenRandomNumbersWhenClusteredThenTheErrorIsNearTheLeastThereIs() {
    var random = SplitMix64(seed: 2)
    for _ in 0..<20 {
      let numbers = (0..<24).map { _ in Float.random(in: -1...1, using: &random) }
      let sorted = numbers.sorted().map(Double.init)
      func cost(_ part: ArraySlice<Double>) -> Double {
        let mean = part.reduce(0, +) / Double(max(1, part.count))
        return part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      }
      var least = Double.infinity
      for first in 1..<23 {
        for second in first + 1..<24 {
          least = min(least, cost(sorted[..<first]) + cost(sorted[first..<second]) + cost(sorted[second...]))
        }
      }
      let found = ScalarClusters(numbers, count: 3)
      // k-means ends in a local minimum: never below the least of all, and not far above.
      #expect(found.squaredError >= least - 1e-9)
      #expect(found.squaredError < least * 1.3)
      #expect(ScalarClusters(numbers, count: 3).centres == found.centres)
    }
  }

  @Test func givenIndicesWhenPackedThenTheyLieAsTheNodesTakeThem() {
    // The upper half of a byte first.
    #expect(Array(IndexPacking.pairs.pack([1, 2, 15, 0, 7], name: "p").rawData) == [0x12, 0xF0, 0x70])
    #expect(IndexPacking(count: 16) == .pairs)
    #expect(IndexPacking(count: 17) == .words(bits: 5))
    #expect(IndexPacking(count: 64) == .words(bits: 6))
    #expect(IndexPacking(count: 65) == .bytes)
    let words = IndexPacking.words(bits: 5)
    #expect(words.perCell == 6)
    let packed = words.pack([31, 31, 31, 31, 31, 31, 3], name: "w")
    // Thirty ones, which is no negative number; then 3 and nothing.
    #expect(packed.dims == [2, 1])
    #expect(packed.integers() == [(1 << 30) - 1, 3])
    #expect(words.sharedTensors("s").map { $0.integers() } == [[1, 32, 1024, 32768, 1 << 20, 1 << 25], [32]])
  }

  @Test func givenOutputsOfDifferentSizeWhenSharedThenEachKeepsItsOwn() throws {
    // One output a thousand times the other: one table serves both.
    let values: [Float] = [1000, -1000, 3000, -3000, 1, -1, 3, -3]
    let shared = SharedTensor(.floats("w", [2, 4], values), values, clusters: 4)
    for (made, value) in zip(shared.restored, values) { #expect(abs(made - value) <= 1e-6 * abs(value)) }
    // With two values, ones and threes become their mean of two.
    let coarse = SharedTensor(.floats("w", [2, 4], values), values, clusters: 2).restored
    for (made, value) in zip(coarse, [2000, -2000, 2000, -2000, 2, -2, 2, -2] as [Float]) {
      #expect(abs(made - value) <= 1e-5 * abs(value))
    }
  }

  @Test func givenOtherWeightsWhenBiasesAreCorrectedThenTheMeanOfTheSumsStays() throws {
    // Two groups of one input channel each, with means 2 and -3.
    var node = TestGraphs.node("Conv", ["x", "w", "b"], "y", ["group": [2]])
    node.input = ["x", "w", "b"]
    let weights: [Float] = [1, 2, 3, 4]
    var proto = Onnx_ModelProto()
    proto.graph.node = [node]
    proto.graph.initializer = [.floats("w", [2, 1, 1, 2], weights), .floats("b", [2], [10, 20])]
    var model = OnnxModel(proto: proto, name: "test")
    ConvolutionInputs(means: ["x": [2, -3]]).correct(&model, restored: ["w": [1, 1, 4, 4.5]])
    let made = try #require(model.storedTensors()[model.proto.graph.node[0].input[2]]?.allFloats())
    // (2 - 1) x 2 is lost in the first, (-1 - 0.5) x -3 in the second.
    #expect(made == [12, 24.5])
    #expect(model.storedTensors()["b"] == nil)
    #expect(model.storedTensors()["w"]?.allFloats() == weights)
  }

  @Test func givenNothingToStoreWhenAppliedThenItSaysSo() throws {
    let model = try OnnxModel(
      data: TestGraphs.model(
        [TestGraphs.node("Relu", ["x"], "y")], [TestGraphs.floats("unused", [2])], output: [1, 3, 64, 64]),
      name: "bare")
    #expect(throws: PipelineError.self) { try HalfPrecisionStorage.apply(to: model) }
    #expect(throws: PipelineError.self) { try WeightSharing().apply(to: model) }
    #expect(throws: PipelineError.self) { try WeightSharing(clusters: 257) }
    #expect(throws: PipelineError.self) { try WeightSharing(clusters: 1) }
  }

  @Test func givenAWeightTooLargeForHalvesWhenStoredThenThatTensorStaysAndTheOthersDoNot() throws {
    let large = Onnx_TensorProto.floats("large", [3, 64, 64], [7e4] + Array(repeating: 0.1, count: 3 * 64 * 64 - 1))
    let small = Onnx_TensorProto.floats("small", [3, 64, 64], Array(repeating: 0.1, count: 3 * 64 * 64))
    let model = try OnnxModel(
      data: TestGraphs.model(
        [TestGraphs.node("Add", ["x", "large"], "sum"), TestGraphs.node("Add", ["sum", "small"], "y")], [large, small],
        output: [1, 3, 64, 64]), name: "large")
    let made = try HalfPrecisionStorage.apply(to: model)
    #expect(made.kept == ["large"])
    #expect(made.tensorCount == 1)
    #expect(made.weightCount == 3 * 64 * 64)
    #expect(made.model.proto.graph.initializer.contains { $0.name == "large" && $0.dataType == OnnxElement.float })
    // Two bytes a weight, and the node and the names.
    #expect((16.0..<16.2).contains(made.bitsPerWeight))
    #expect(try made.model.serialized().count - model.serialized().count + 2 * 3 * 64 * 64 < 150)
  }
}
