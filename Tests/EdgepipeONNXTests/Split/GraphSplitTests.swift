import Foundation
import ModelTestSupport
import Testing

@testable import EdgepipeCore
@testable import EdgepipeONNX

@Suite struct GraphSplitTests {
  /// x -> a -> b -> c -> y, and a goes to y as well.
  private func skip() throws -> OnnxModel {
    var model = try OnnxModel(
      data: TestGraphs.model(
        [
          TestGraphs.node("Conv", ["x", "w1"], "a"), TestGraphs.node("Relu", ["a"], "b"),
          TestGraphs.node("Conv", ["b", "w2"], "c"), TestGraphs.node("Add", ["c", "a"], "y"),
        ], [TestGraphs.floats("w1", [3, 3, 1, 1]), TestGraphs.floats("w2", [3, 3, 1, 1])], output: [1, 3, 64, 64]),
      name: "skip")
    var note = Onnx_StringStringEntryProto()
    (note.key, note.value) = ("author", "us")
    model.proto.metadataProps = [note]
    model.proto.opsetImport.append(.version(2, of: OnnxModel.ownDomain))
    return model
  }

  private func float(_ names: [String]) -> [String: Onnx_ValueInfoProto] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, .tensor($0, [.fixed(1), .fixed(3), .fixed(64), .fixed(64)])) })
  }

  private func refusal(_ model: OnnxModel, at name: String) throws -> PipelineError? {
    let graph = try SplitGraph(model)
    return #expect(throws: PipelineError.self) { try GraphSplit(graph, at: [[name]]) }
  }

  @Test func givenATensorBesideASkip_whenCutThere_thenWhatElseGoesAcrossIsFound() throws {
    let split = try GraphSplit(SplitGraph(skip()), at: [["b"]])
    #expect(split.parts.map(\.inputs) == [["x"], ["b", "a"]])
    #expect(split.parts.map(\.outputs) == [["b", "a"], ["y"]])
    #expect(split.cutTensors == ["b", "a"])
  }

  @Test func givenACut_whenPartsAreMade_thenEachHasItsNodesAndWeightsAndTheModelsFacts() throws {
    var asked: [String] = []
    let models = try GraphSplit(SplitGraph(skip()), at: [["b"]]).models { names in
      asked = names
      return float(names)
    }
    #expect(asked == ["b", "a"])
    #expect(models.map { $0.proto.graph.node.map(\.opType) } == [["Conv", "Relu"], ["Conv", "Add"]])
    #expect(models.map { $0.proto.graph.initializer.map(\.name) } == [["w1"], ["w2"]])
    for model in models {
      #expect(model.proto.metadataProps.map(\.value) == ["us"])
      #expect(model.proto.opsetImport.map(\.domain) == ["", OnnxModel.ownDomain])
      #expect(model.proto.irVersion == 8)
    }
    let given = models[1].proto.graph.input
    #expect(given.map(\.name) == ["b", "a"])
    #expect(given[0].type.tensorType.elemType == OnnxElement.float)
    #expect(given[0].type.tensorType.shape.dim.map(\.size) == [1, 3, 64, 64])
    // What was written can be read again.
    for model in models { #expect(throws: Never.self) { try OnnxModel(data: model.serialized(), name: "part") } }
  }

  @Test func givenSeveralCuts_whenCut_thenEachPartTakesFromAllBefore() throws {
    let split = try GraphSplit(SplitGraph(skip()), at: [["c"], ["a"]])
    #expect(split.parts.map(\.nodes) == [[0], [1, 2], [3]])
    #expect(split.parts.map(\.inputs) == [["x"], ["a"], ["c", "a"]])
    #expect(split.parts.map(\.outputs) == [["a"], ["c"], ["y"]])
  }

  @Test func givenTwoTensorsOfOneCut_whenCut_thenThereAreTwoParts() throws {
    let split = try GraphSplit(SplitGraph(skip()), at: [["a", "b"]])
    #expect(split.parts.count == 2)
    #expect(split.cutTensors == ["b", "a"])
  }

  @Test func givenAWrongName_whenCut_thenTheNearestIsNamed() throws {
    var model = try skip()
    for index in model.proto.graph.node.indices where model.proto.graph.node[index].output == ["b"] {
      model.proto.graph.node[index].output = ["features"]
      model.proto.graph.node[index + 1].input[0] = "features"
    }
    let error = try refusal(model, at: "featurse")
    #expect(error?.remedy?.contains("did you mean 'features'?") == true)
    #expect(error?.code == .invalidArgument)
  }

  @Test(arguments: [("w1", "initializer"), ("x", "is an input"), ("y", "nothing of the model comes after")])
  func givenATensorWhereNothingCanBeCut_whenCut_thenTheReasonIsSaid(name: String, reason: String) throws {
    #expect(try refusal(skip(), at: name)?.message.contains(reason) == true)
  }

  @Test func givenATensorInsideOfANode_whenCut_thenItIsRefused() throws {
    var model = try skip()
    var inner = Onnx_GraphProto()
    inner.node = [TestGraphs.node("Neg", ["a"], "inside")]
    inner.output = [.tensor("inside", [])]
    var branch = Onnx_AttributeProto()
    (branch.name, branch.type, branch.g) = ("then_branch", .graph, inner)
    var choice = TestGraphs.node("If", ["b"], "chosen")
    choice.attribute = [branch]
    model.proto.graph.node.insert(choice, at: 2)
    model.proto.graph.node[3].input[0] = "chosen"
    #expect(try refusal(model, at: "inside")?.message.contains("graph inside of a node") == true)
    // And what only the graph inside reads goes across as well.
    let split = try GraphSplit(SplitGraph(model), at: [["b"]])
    #expect(split.parts[1].inputs == ["b", "a"])
  }

  @Test func givenATensorThatNoOutputNeeds_whenCut_thenItIsRefused() throws {
    var model = try skip()
    model.proto.graph.node.insert(TestGraphs.node("Neg", ["b"], "dead"), at: 2)
    #expect(try refusal(model, at: "dead")?.message.contains("no output") == true)
  }

  @Test func givenTablesComputedFromWeights_whenCut_thenEachPartComputesThemItself() throws {
    let model = try OnnxModel(
      data: TestGraphs.model(
        [
          TestGraphs.node("Neg", ["w"], "table"), TestGraphs.node("Mul", ["x", "table"], "a"),
          TestGraphs.node("Add", ["a", "table"], "y"),
        ], [TestGraphs.floats("w", [1])], output: [1, 3, 64, 64]), name: "table")
    let split = try GraphSplit(SplitGraph(model), at: [["a"]])
    #expect(split.parts.map(\.nodes) == [[0, 1], [0, 2]])
    #expect(split.cutTensors == ["a"])
    let parts = try split.models(describe: float)
    #expect(parts.map { $0.proto.graph.initializer.map(\.name) } == [["w"], ["w"]])
    #expect(try refusal(model, at: "table")?.message.contains("stored tensors alone") == true)
  }

  @Test func givenRandomNumbers_whenCut_thenTheyAreDrawnOnce() throws {
    let model = try OnnxModel(
      data: TestGraphs.model(
        [
          TestGraphs.node("RandomNormal", [], "noise", ["shape": [1]]), TestGraphs.node("Mul", ["x", "noise"], "a"),
          TestGraphs.node("Add", ["a", "noise"], "y"),
        ], [], output: [1, 3, 64, 64]), name: "noise")
    let split = try GraphSplit(SplitGraph(model), at: [["a"]])
    #expect(split.parts.map(\.nodes) == [[0, 1], [2]])
    #expect(Set(split.cutTensors) == ["a", "noise"])
  }

  @Test func givenWeightsAmongTheInputs_whenCut_thenTheyStayReplaceable() throws {
    var model = try skip()
    model.proto.graph.input.append(.tensor("w2", [.fixed(3), .fixed(3), .fixed(1), .fixed(1)]))
    let parts = try GraphSplit(SplitGraph(model), at: [["a"]]).models(describe: float)
    #expect(parts.map { $0.proto.graph.input.map(\.name) } == [["x"], ["a", "w2"]])
  }

  @Test func givenFunctions_whenCut_thenEachPartHasThoseThatItCalls() throws {
    var model = try skip()
    func function(_ name: String, calls: String? = nil) -> Onnx_FunctionProto {
      var function = Onnx_FunctionProto()
      (function.name, function.domain) = (name, "ours")
      if let calls { function.node = [.make(calls, ["i"], "o", domain: "ours")] }
      return function
    }
    model.proto.functions = [function("One", calls: "Two"), function("Two"), function("Three")]
    model.proto.graph.node[1].opType = "One"
    model.proto.graph.node[1].domain = "ours"
    let parts = try GraphSplit(SplitGraph(model), at: [["b"]]).models(describe: float)
    #expect(parts.map { $0.proto.functions.map(\.name) } == [["One", "Two"], []])
  }

  @Test func givenAGraphOutOfOrder_whenRead_thenItIsRefused() throws {
    var model = try skip()
    model.proto.graph.node.swapAt(0, 2)
    #expect(throws: PipelineError.self) { try SplitGraph(model) }
  }

  @Test func givenAnOutputOnTheWay_whenCutAfterIt_thenTheFirstPartGivesIt() throws {
    var model = try skip()
    model.proto.graph.output.append(.tensor("a", [.fixed(1), .fixed(3), .fixed(64), .fixed(64)]))
    let split = try GraphSplit(SplitGraph(model), at: [["b"]])
    #expect(split.parts.map(\.outputs) == [["b", "a"], ["y"]])
  }

  // MARK: - Sizes

  @Test func givenASizeLimit_whenCut_thenEveryFileStaysBelowIt() throws {
    let names = (0..<12).map { "t\($0)" }
    let nodes = names.indices.map { index in
      TestGraphs.node("Conv", [index == 0 ? "x" : names[index - 1], "w\(index)"], index == 11 ? "y" : names[index])
    }
    let model = try OnnxModel(
      data: TestGraphs.model(
        nodes, names.indices.map { TestGraphs.floats("w\($0)", [3, 3, 8, 8]) }, output: [1, 3, 64, 64]), name: "chain")
    let whole = try model.serialized().count
    for limit in [3000, 5000, 9000, whole, 2 * whole] {
      let (split, models) = try GraphSplit.parts(of: SplitGraph(model), maximumBytes: limit, describe: float)
      for part in models { #expect(try part.serialized().count <= limit) }
      #expect(split.parts.flatMap(\.nodes).sorted() == Array(0..<12))
      #expect(split.parts.count >= (whole + limit - 1) / limit)
      if limit >= whole { #expect(split.parts.count == 1) }
    }
    let error = #expect(throws: PipelineError.self) {
      try GraphSplit.parts(of: SplitGraph(model), maximumBytes: 1000, describe: float)
    }
    #expect(error?.code == .unattainable)
    #expect(error?.message.contains("part 1") == true && error?.message.contains("Conv -> t0") == true)
  }

  // MARK: - Where to cut

  @Test func givenASkip_whenCutsAreListed_thenOnlyTensorsThatStandAloneAre() throws {
    let graph = try SplitGraph(skip())
    #expect(graph.singleCuts == ["a"])
  }

  @Test func givenActivations_whenSensibleCutsAreListed_thenWhatTheyReadIsLeftOut() throws {
    let model = try OnnxModel(
      data: TestGraphs.model(
        [
          TestGraphs.node("Conv", ["x", "w1"], "a"), TestGraphs.node("Sigmoid", ["a"], "s"),
          TestGraphs.node("Mul", ["a", "s"], "b"), TestGraphs.node("Conv", ["b", "w2"], "c"),
          TestGraphs.node("Relu", ["c"], "y"),
        ], [TestGraphs.floats("w1", [3, 3, 1, 1]), TestGraphs.floats("w2", [3, 3, 1, 1])], output: [1, 3, 64, 64]),
      name: "silu")
    let graph = try SplitGraph(model)
    #expect(graph.singleCuts == ["a", "b", "c"])
    #expect(graph.sensibleCuts == ["b", "c"])
    let shapes = Dictionary(uniqueKeysWithValues: graph.weightedTensors.map { ($0, [1, 3, 64, 64]) })
    #expect(graph.multiplications(before: "b", shapes: shapes) == 36_864.0)
    #expect(graph.multiplications(before: nil, shapes: shapes) == 73_728.0)
  }
}
