import EdgepipeCore
import Foundation

/// Lets a model run at other picture sizes than the one in its file, without touching its weights.
package enum OnnxShapes {
  /// Makes the height and width of the picture input free, in memory.
  ///
  /// The batch becomes 1, the outputs' shapes follow, initializers are no longer listed as inputs as well, and the
  /// shapes noted for tensors in between are dropped. A model whose picture size is free already comes back unchanged.
  /// The whole graph is followed first, so that a model which holds its size in some table or reshape is refused
  /// rather than run to wrong results.
  ///
  /// - Parameters:
  ///   - model: an ONNX file whose input is N x C x H x W.
  ///   - export: how a model of its kind is exported with free sides, for the error.
  /// - Throws: a ``PipelineError`` (`malformed`) when the data is no ONNX, or with the operator that ties the graph to
  ///   one size.
  static func freeingInputSize(of model: Data, export: String? = nil) throws -> Data {
    var onnx = try OnnxModel(data: model, name: "in memory")
    let isFreed = try free(&onnx, export: export)
    return isFreed ? try onnx.serialized() : model
  }

  /// The same, in place; returns false when the size was free already.
  @discardableResult
  package static func free(_ model: inout OnnxModel, export: String? = nil) throws -> Bool {
    let stored = Set(model.proto.graph.initializer.map(\.name))
    let inputs = model.proto.graph.input.filter { !stored.contains($0.name) }
    guard inputs.count == 1, let input = inputs.first else {
      throw impossible("it has \(inputs.count) inputs, one picture is expected", export: export)
    }
    let old = input.type.tensorType.shape.dim
    guard old.count == 4 else {
      throw impossible("its input has \(old.count) dimensions, not N x C x H x W", export: export)
    }
    if old[2].size == nil, old[3].size == nil { return false }
    guard let channels = old[1].size, channels == 1 || channels == 3 || channels == 4 else {
      throw impossible("its input '\(input.name)' is not N x C x H x W", export: export)
    }
    // Where one side is free, any size serves to follow the shapes: the other side's.
    let height = old[2].size ?? old[3].size ?? 0, width = old[3].size ?? height
    guard height <= 1 << 16, width <= 1 << 16 else {
      throw impossible("its input is \(width)x\(height)", export: export)
    }
    let shape = [Dimension(1), Dimension(channels), Dimension(height, follows: true), Dimension(width, follows: true)]
    do throws(SizeIsFixed) {
      let flow = try ShapeFlow(graph: model.proto.graph, input: (input.name, shape), opset: model.opset)
      for index in model.proto.graph.output.indices {
        guard let known = flow.shape(of: model.proto.graph.output[index].name) else {
          throw SizeIsFixed("no node produces its output '\(model.proto.graph.output[index].name)'")
        }
        model.proto.graph.output[index].type.tensorType.shape.dim = known.map {
          $0.follows ? .free() : .fixed($0.size)
        }
      }
    } catch {
      throw impossible(error.reason, export: export)
    }
    var free = input
    free.type.tensorType.shape.dim = [.fixed(1), .fixed(channels), .free("height"), .free("width")]
    model.proto.graph.input = [free]
    model.proto.graph.valueInfo = []
    return true
  }

  private static func impossible(_ reason: String, export: String? = nil) -> PipelineError {
    return PipelineError(
      "the model runs at its own picture size only: \(reason)",
      remedy: "use the shape of the file, or \(export ?? "export it with free height and width")", code: .unsupported)
  }
}
