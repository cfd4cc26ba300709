import ModelTestSupport
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import EdgepipeONNX

@Suite struct OnnxOpsetTests {
  private func version(_ model: OnnxModel) -> Int64? {
    model.proto.opsetImport.first { OnnxOpset.isStandard($0.domain) }?.version
  }

  private func upgraded(_ model: OnnxModel) throws -> OnnxModel {
    var model = model
    try OnnxOpset.upgrade(&model)
    #expect(version(model) == 13)
    return model
  }

  @Test(
    .enabled(
      if: !SameOutputs.debian.isEmpty && TestData.python != nil, "needs Debian's libonnx-testdata and .deps/python"))
  func givenDebiansOldModels_whenRaised_thenTheEngineGivesTheSameBits() throws {
    let folder = try TestData.temporaryFolder("opset")
    defer { try? FileManager.default.removeItem(at: folder) }
    var old: [URL] = [], refused: [String] = []
    for file in SameOutputs.debian {
      var model = try OnnxModel(contentsOf: file)
      guard let version = version(model), (6..<13).contains(version) else { continue }
      do {
        try OnnxOpset.upgrade(&model)
        old.append(file)
      } catch let error as PipelineError {
        #expect(error.exit == .dataError)
        refused.append(file.deletingLastPathComponent().lastPathComponent)
      }
    }
    #expect(refused == ["test_scan_sum"])
    let report = try SameOutputs.compare(old, in: folder, change: upgraded)
    #expect(report.different.isEmpty, "\(report.different)")
    #expect(report.same > 300, "\(report.skipped.count) skipped: \(report.skipped.prefix(5))")
    // Of set 6, of which ONNX Runtime has lost some operators.
    #expect(report.recorded >= 10, "\(report.recorded)")
  }

  @Test(.enabled(if: ModelFiles.yoloxNano != nil && TestData.python != nil, "needs the models and .deps/python"))
  func givenDetectorsOfSets9And11_whenRaised_thenTheEngineGivesTheSameBits() throws {
    let folder = try TestData.temporaryFolder("opset")
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = try SameOutputs.detectors(into: folder).filter {
      try version(OnnxModel(contentsOf: $0)).map { $0 < 13 } ?? false
    }
    let report = try SameOutputs.compare(files, in: folder, change: upgraded)
    #expect(report.different.isEmpty && report.skipped.isEmpty, "\(report)")
    #expect(report.same == files.count && files.count >= 2)
  }

  // MARK: - Operators one by one

  /// A model of an older set: `x` of 1x3x64x64, half of it negative, goes through the nodes to `y`.
  private func model(
    _ opset: Int, _ nodes: [Onnx_NodeProto], _ tensors: [Onnx_TensorProto] = [], centred: Bool = true
  ) throws -> OnnxModel {
    let centre = centred ? [TestGraphs.node("Sub", ["x", "half"], "z")] : []
    let data = try TestGraphs.model(centre + nodes, [.floats("half", [1], [0.5])] + tensors, output: [])
    var model = try OnnxModel(data: data, name: "old")
    model.proto.opsetImport[0].version = Int64(opset)
    model.proto.irVersion = 4
    model.proto.graph.output[0].type.tensorType.clearShape()
    return model
  }

  private func node(_ type: String, _ inputs: [String], _ set: (inout Onnx_NodeProto) -> Void = { _ in })
    -> Onnx_NodeProto
  {
    var node = TestGraphs.node(type, inputs, "y")
    set(&node)
    return node
  }

  @Test(.enabled(if: TestData.python != nil, "needs .deps/python"))
  func givenEachOperatorThatChanged_whenRaised_thenTheEngineGivesTheSameBits() throws {
    let four = Onnx_TensorProto.floats("s", [4], [1, 1, 2, 2]), odd = Onnx_TensorProto.floats("s", [4], [1, 1, 1.5, 3])
    let smaller = Onnx_TensorProto.floats("s", [4], [1, 1, 0.4, 0.75])
    func resize(_ mode: String) -> Onnx_NodeProto { node("Resize", ["z", "s"]) { $0.set("mode", mode) } }
    let models = [
      try model(
        7,
        [
          node("Upsample", ["z"]) {
            $0.set("mode", "nearest"); $0.set("scales", floats: [1, 1, 2, 3])
          }
        ]),
      try model(9, [node("Upsample", ["z", "s"]) { $0.set("mode", "linear") }], [odd]),
      try model(10, [resize("nearest")], [four]), try model(10, [resize("linear")], [odd]),
      try model(10, [resize("nearest")], [odd]), try model(10, [resize("nearest")], [smaller]),
      try model(10, [resize("linear")], [smaller]),
      // The rank of z is not known: the general form.
      try model(11, [node("Softmax", ["z"])]), try model(12, [node("LogSoftmax", ["z"]) { $0.set("axis", 2) }]),
      try model(11, [node("Softmax", ["z"]) { $0.set("axis", -1) }]),
      try model(9, [node("Softmax", ["x"]) { $0.set("axis", 3) }]),
      try model(
        8,
        [
          node("Slice", ["z"]) {
            $0.set("starts", [1, -9]); $0.set("ends", [3, 9999]); $0.set("axes", [1, 3])
          }
        ]),
      try model(
        8,
        [
          node("Slice", ["z"]) {
            $0.set("starts", [0, 1]); $0.set("ends", [1, 2])
          }
        ]),
      try model(9, [TestGraphs.node("TopK", ["z"], "y", ["k": [5]]).with(output: "places").setting("k", 5)]),
      try model(
        10,
        [
          node("Clip", ["z"]) {
            $0.set("min", Float(-0.25)); $0.set("max", Float(0.125))
          }
        ]),
      try model(6, [node("Clip", ["x"]) { $0.set("max", Float(0.625)) }], centred: false),
      try model(
        10,
        [
          node("Pad", ["z"]) {
            $0.set("pads", [0, 0, 1, 2, 0, 1, 3, 4]); $0.set("value", Float(7))
          }
        ]),
      try model(
        10,
        [
          node("Pad", ["z"]) {
            $0.set("pads", [0, 0, 1, 2, 0, 0, 3, 4]); $0.set("mode", "reflect")
          }
        ]),
      try model(
        12,
        [
          node("ReduceSum", ["z"]) {
            $0.set("axes", [1, -1]); $0.set("keepdims", 0)
          }
        ]),
      try model(12, [node("ReduceSum", ["z"])]),
      try model(12, [node("Unsqueeze", ["z"]) { $0.set("axes", [0, 5]) }]),
      try model(12, [node("Squeeze", ["z"])]), try model(12, [node("Squeeze", ["z"]) { $0.set("axes", [0]) }]),
      try model(
        12,
        [
          node("Split", ["z"]) {
            $0.set("axis", 1); $0.set("split", [1, 2])
          }.with(output: "rest")
        ]),
      try model(12, [node("Split", ["z"]) { $0.set("axis", 2) }.with(output: "rest")]),
      try model(10, [node("Dropout", ["z"]) { $0.set("ratio", Float(0.5)) }]),
      try model(
        8,
        [
          node("BatchNormalization", ["z", "a", "b", "m", "v"]) {
            $0.set("spatial", 1); $0.set("epsilon", Float(0.01))
          }
        ],
        [
          .floats("a", [3], [1, 2, 3]), .floats("b", [3], [0.1, 0.2, 0.3]), .floats("m", [3], [0.5, 0, -0.5]),
          .floats("v", [3], [1, 0.5, 2]),
        ]),
      // Inside of a branch, whose weights stay inside.
      try branch(),
    ]
    let folder = try TestData.temporaryFolder("opset")
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = try models.enumerated().map { index, model in
      let file = folder.appendingPathComponent("old\(index).onnx")
      try model.write(to: file)
      return file
    }
    let report = try SameOutputs.compare(files, in: folder, change: upgraded)
    #expect(report.different.isEmpty && report.skipped.isEmpty, "\(report)")
    #expect(report.same == models.count)
  }

  @Test(.enabled(if: TestData.python != nil, "needs .deps/python"))
  func givenOperatorsOfSet6_whenRaised_thenTheyAreThoseOfReshapedTensors() throws {
    // ONNX Runtime has no such operators any more: each is compared with the same one written in set 13.
    func broadcast(_ axis: Int?) -> (inout Onnx_NodeProto) -> Void {
      return { node in
        node.set("broadcast", 1)
        if let axis { node.set("axis", axis) }
      }
    }
    let row = (0..<64).map { Float($0) }, three: [Float] = [-1, 2, 3]
    let old = [
      try model(6, [node("Mul", ["x", "c"], broadcast(nil))], [.floats("c", [64], row)], centred: false),
      try model(6, [node("Add", ["x", "c"], broadcast(1))], [.floats("c", [3], three)], centred: false),
      try model(6, [node("Sub", ["x", "c"], broadcast(2))], [.floats("c", [64], row)], centred: false),
      try model(6, [node("Add", ["x", "c"], broadcast(3))], [.floats("c", [64], row)], centred: false),
      try model(6, [node("PRelu", ["x", "c"])], [.floats("c", [3], three)], centred: false),
      try model(6, [node("PRelu", ["x", "c"])], [.floats("c", [1], [0.5])], centred: false),
      try model(6, [node("Dropout", ["x"]) { $0.set("is_test", 1) }], centred: false),
    ]
    let new = [
      try model(13, [node("Mul", ["x", "c"])], [.floats("c", [1, 1, 1, 64], row)], centred: false),
      try model(13, [node("Add", ["x", "c"])], [.floats("c", [1, 3, 1, 1], three)], centred: false),
      try model(13, [node("Sub", ["x", "c"])], [.floats("c", [1, 1, 64, 1], row)], centred: false),
      try model(13, [node("Add", ["x", "c"])], [.floats("c", [1, 1, 1, 64], row)], centred: false),
      try model(13, [node("PRelu", ["x", "c"])], [.floats("c", [1, 3, 1, 1], three)], centred: false),
      try model(13, [node("PRelu", ["x", "c"])], [.floats("c", [1], [0.5])], centred: false),
      try model(13, [node("Identity", ["x"])], centred: false),
    ]
    let folder = try TestData.temporaryFolder("opset")
    defer { try? FileManager.default.removeItem(at: folder) }
    let pairs = try zip(old, new).enumerated().map { index, pair in
      let files = ["new", "old"].map { folder.appendingPathComponent("\($0)\(index).onnx") }
      try pair.1.write(to: files[0])
      try upgraded(pair.0).write(to: files[1])
      return (files[0], files[1])
    }
    let report = try SameOutputs.compare(pairs, in: folder)
    #expect(report.same == pairs.count, "\(report)")
  }

  private func branch() throws -> OnnxModel {
    func graph(_ name: String, _ axis: Int) -> Onnx_AttributeProto {
      var attribute = Onnx_AttributeProto()
      (attribute.name, attribute.type) = (name, .graph)
      attribute.g.name = name
      attribute.g.node = [
        TestGraphs.node("ReduceSum", ["z"], "\(name)_sum", ["axes": [axis]]).setting("keepdims", 1)
      ]
      attribute.g.output = [.tensor("\(name)_sum", [])]
      attribute.g.output[0].type.tensorType.clearShape()
      return attribute
    }
    var condition = Onnx_TensorProto()
    (condition.name, condition.dataType, condition.int32Data) = (
      "yes", Int32(Onnx_TensorProto.DataType.bool.rawValue), [1]
    )
    return try model(
      11, [node("If", ["yes"]) { $0.attribute = [graph("then_branch", 2), graph("else_branch", 3)] }], [condition])
  }

  @Test func givenWhatHasNoEqualForm_whenRaised_thenTheOperatorIsNamed() throws {
    let cases = [
      (try model(5, [node("Relu", ["z"])]), "uses operator set 5"),
      (try model(8, [node("Scan", ["z"])]), "Scan -> y"),
      (try model(6, [node("Dropout", ["z"])]), "is in training mode"),
      (
        try model(
          6,
          [
            node("Add", ["z", "c"]) {
              $0.set("broadcast", 1); $0.set("axis", 1)
            }
          ], [.floats("c", [3], [1, 2, 3])]),
        "broadcasts along an axis of a shape that is not known"
      ),
      (try model(8, [node("BatchNormalization", ["z"]) { $0.set("spatial", 0) }]), "normalizes each position"),
      (try model(10, [node("Resize", ["z", "s"])], [.floats("s", [4], [1, 1, 2, 0.5])]), "makes one side smaller"),
      (try model(10, [node("Resize", ["z", "w"])]), "has scales that are not known"),
    ]
    for (old, expected) in cases {
      var model = old
      let error = #expect(throws: PipelineError.self) { try OnnxOpset.upgrade(&model) }
      #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
      #expect(error?.remedy == "export it with operator set 13" || expected.contains("set 5"))
    }
  }

  @Test func givenASetOf13_whenRaised_thenNothingChanges() throws {
    var model = try model(13, [node("Softmax", ["z"]) { $0.set("axis", 1) }])
    let before = try model.serialized()
    #expect(try OnnxOpset.upgrade(&model) == false)
    #expect(try model.serialized() == before)
  }

  @Test func givenWeightsThatAreInputs_whenRaisedFromAnOldFormat_thenTheyAreWeightsAlone() throws {
    var model = try model(8, [node("Relu", ["z"])])
    model.proto.irVersion = 3
    model.proto.graph.input.append(.tensor("half", [.fixed(1)]))
    try OnnxOpset.upgrade(&model)
    #expect(model.proto.graph.input.map(\.name) == ["x"])
    #expect(model.proto.irVersion == 7)
  }
}

extension Onnx_NodeProto {
  fileprivate mutating func set(_ name: String, floats: [Float]) {
    var attribute = Onnx_AttributeProto()
    (attribute.name, attribute.type, attribute.floats) = (name, .floats, floats)
    self.attribute.append(attribute)
  }

  fileprivate func setting(_ name: String, _ value: Int) -> Self {
    var node = self
    node.attribute.removeAll { $0.name == name }
    node.set(name, value)
    return node
  }

  /// With one more output.
  fileprivate func with(output: String) -> Self {
    var node = self
    node.output.append(output)
    return node
  }
}
