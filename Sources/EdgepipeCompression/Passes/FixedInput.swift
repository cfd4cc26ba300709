import Detectors
import EdgepipeCore
import EdgepipeONNX

/// Ties a model to one picture size, so that what it computes with shapes is known beforehand.
public enum FixedInput {
  /// Sets the picture input to 1 x C x `height` x `width`, the outputs to what comes of it, and stores every shape that
  /// the graph asks for. What is computed with them, ``ConstantFolding`` computes.
  ///
  /// - Parameters:
  ///   - width: in pixels; as `height`, a multiple of the model's stride.
  ///   - head: sharpens the advice in the error.
  /// - Returns: how many shapes were stored.
  /// - Throws: a ``PipelineError``: `usage` for sides that no model has, `dataError` when the model holds
  ///   another size or does not fit this one, with the operator that does not.
  @discardableResult
  public static func apply(
    to model: inout OnnxModel, width: Int, height: Int, head: ModelManifest.Head?
  ) throws -> Int {
    guard (1...1 << 16).contains(width), (1...1 << 16).contains(height) else {
      throw PipelineError(
        "a picture of \(width)x\(height) cannot be a model's input", remedy: "give sides from 1 to 65536", exit: .usage)
    }
    var changed = model
    let isFixedSo = model.pictureShape.map { $0 == [1, $0[1], height, width] } ?? false
    if !isFixedSo { try OnnxShapes.free(&changed, export: head?.freeSizeExport) }
    guard let place = changed.pictureInput, let channels = changed.pictureShape?[1] ?? nil else {
      throw PipelineError("model '\(model.name)' has no input of N x C x H x W", exit: .dataError)
    }
    let shape = [1, channels, height, width]
    changed.proto.graph.input[place].type.tensorType.shape.dim = shape.map { .fixed($0) }
    changed.proto.graph.valueInfo = []
    let name = changed.proto.graph.input[place].name
    let count: Int
    do throws(SizeIsFixed) {
      let flow = try ShapeFlow(
        graph: changed.proto.graph, input: (name, shape.map { Dimension($0) }), opset: changed.opset)
      for index in changed.proto.graph.output.indices {
        guard let known = flow.shape(of: changed.proto.graph.output[index].name) else { continue }
        changed.proto.graph.output[index].type.tensorType.shape.dim = known.map { .fixed($0.size) }
      }
      count = store(flow, &changed)
    } catch {
      // Of the size that it has, there may be operators whose shapes are not known here.
      if isFixedSo { return 0 }
      throw PipelineError(
        "model '\(model.name)' does not run on pictures of \(width)x\(height): \(error.reason)",
        remedy: "give sides that are multiples of the model's stride", exit: .dataError)
    }
    model = changed
    return count
  }

  /// Puts stored tensors in the place of `Shape` nodes.
  private static func store(_ flow: ShapeFlow, _ model: inout OnnxModel) -> Int {
    let fixed = model.fixedNames()
    var kept: [Onnx_NodeProto] = [], tensors: [Onnx_TensorProto] = []
    for node in model.proto.graph.node {
      guard node.isStandard, node.opType == "Shape", node.attribute.isEmpty, let output = node.output.first,
        !fixed.contains(output), let shape = node.input.first.flatMap({ flow.shape(of: $0) })
      else {
        kept.append(node)
        continue
      }
      tensors.append(.integers(output, shape.map(\.size)))
    }
    model.proto.graph.node = kept
    model.proto.graph.initializer += tensors
    return tensors.count
  }
}

extension OnnxModel {
  /// The place of the one input that is not stored.
  fileprivate var pictureInput: Int? {
    let stored = Set(proto.graph.initializer.map(\.name))
    let places = proto.graph.input.indices.filter { !stored.contains(proto.graph.input[$0].name) }
    return places.count == 1 ? places[0] : nil
  }

  /// Its four dimensions; nil for free ones.
  fileprivate var pictureShape: [Int?]? {
    let shape = pictureInput.map { proto.graph.input[$0].type.tensorType.shape.dim.map(\.size) }
    return shape?.count == 4 ? shape : nil
  }
}
