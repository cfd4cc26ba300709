import EdgepipeONNX

/// Turns strided slices, their concatenation and a convolution, the "focus" stem of YOLOX and YOLOv5, into one
/// convolution with stride 2 and a kernel twice as large. The same sums, without four copies of the picture.
struct SpaceToDepthStem: GraphPass {
  let name = "space-to-depth stem"
  let isExact = false

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    let counts = model.readCounts(), stored = model.storedTensors()
    var count = 0
    for index in model.proto.graph.node.indices {
      let node = model.proto.graph.node[index]
      guard node.opType == "Concat", node.integer("axis", default: 0) == 1, node.input.count == 4,
        let output = node.output.first, counts[output] == 1,
        let next = model.proto.graph.node.firstIndex(where: { $0.opType == "Conv" && $0.input.first == output }),
        let blocks = blocks(node, model, stored),
        rewrite(&model, convolution: next, blocks, stored)
      else { continue }
      count += 1
    }
    if count > 0 { _ = DeadNodeElimination().apply(to: &model) }
    return count
  }

  /// Where in a block of 2 x 2 pixels each input of the concatenation starts, and the tensor that all are cut from.
  private func blocks(
    _ concat: Onnx_NodeProto, _ model: OnnxModel, _ stored: [String: Onnx_TensorProto]
  ) -> (source: String, offsets: [(y: Int, x: Int)])? {
    var sources: Set<String> = []
    var offsets: [(y: Int, x: Int)] = []
    for name in concat.input {
      var offset = [2: 0, 3: 0], steps = [2: 1, 3: 1], name = name
      while let node = model.proto.graph.node.first(where: { $0.output.first == name }), node.opType == "Slice" {
        guard node.input.count == 5 else { return nil }
        let parts = node.input.dropFirst().map { stored[$0]?.integers() }
        guard case let (starts?, ends?, axes?, strides?) = (parts[0], parts[1], parts[2], parts[3]),
          starts.count == 1, ends.count == 1, axes.count == 1, strides == [2], let step = steps[axes[0]], step == 1,
          (0...1).contains(starts[0]), ends[0] > 1 << 20
        else { return nil }
        offset[axes[0]] = starts[0]
        steps[axes[0]] = 2
        name = node.input[0]
      }
      guard steps == [2: 2, 3: 2] else { return nil }
      sources.insert(name)
      offsets.append((offset[2] ?? 0, offset[3] ?? 0))
    }
    guard sources.count == 1, let source = sources.first, Set(offsets.map { $0.y * 2 + $0.x }).count == 4 else {
      return nil
    }
    return (source, offsets)
  }

  private func rewrite(
    _ model: inout OnnxModel, convolution index: Int, _ blocks: (source: String, offsets: [(y: Int, x: Int)]),
    _ stored: [String: Onnx_TensorProto]
  ) -> Bool {
    var node = model.proto.graph.node[index]
    guard node.input.count > 1, let tensor = stored[node.input[1]], let weights = tensor.allFloats(),
      tensor.dims.count == 4, tensor.dims[1] % 4 == 0, node.integer("group", default: 1) == 1,
      node.integers("strides") ?? [1, 1] == [1, 1],
      node.integers("dilations") ?? [1, 1] == [1, 1], node.word("auto_pad", default: "NOTSET") == "NOTSET",
      let pads = node.integers("pads"), pads.count == 4, pads.allSatisfy((0...1 << 16).contains)
    else { return false }
    let shape = tensor.dims.map { Int($0) }
    let channels = shape[1] / 4, height = shape[2], width = shape[3]
    var large = [Float](repeating: 0, count: weights.count)
    for output in 0..<shape[0] {
      for (block, offset) in blocks.offsets.enumerated() {
        for channel in 0..<channels {
          for y in 0..<height {
            for x in 0..<width {
              let source = ((output * shape[1] + block * channels + channel) * height + y) * width + x
              let row = 2 * y + offset.y, column = 2 * x + offset.x
              large[((output * channels + channel) * 2 * height + row) * 2 * width + column] = weights[source]
            }
          }
        }
      }
    }
    let name = model.unusedName("\(node.input[1])_stem")
    model.proto.graph.initializer.append(.floats(name, [shape[0], channels, 2 * height, 2 * width], large))
    node.input[0] = blocks.source
    node.input[1] = name
    node.attribute.removeAll { ["kernel_shape", "strides", "pads"].contains($0.name) }
    node.set("kernel_shape", [2 * height, 2 * width])
    node.set("strides", [2, 2])
    node.set("pads", pads.map { 2 * $0 })
    model.proto.graph.node[index] = node
    return true
  }
}
