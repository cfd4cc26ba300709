import EdgepipeONNX
import Foundation

/// Computes once what several nodes compute alike, and stores once what is stored alike.
struct CommonSubexpressions: GraphPass {
  let name = "duplicates"
  let isExact = true

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    mergeTensors(&model) + mergeNodes(&model)
  }

  private struct Content: Hashable {
    let isRaw: Bool
    let type: Int32
    let shape: [Int64]
    let bytes: Data
  }

  private func mergeTensors(_ model: inout OnnxModel) -> Int {
    let fixed = model.fixedNames(), inputs = Set(model.proto.graph.input.map(\.name))
    var known: [Content: String] = [:], redirected: [String: String] = [:]
    for tensor in model.proto.graph.initializer where !inputs.contains(tensor.name) {
      // Those in lists for their type are short ones, and are not compared with those in bytes.
      guard let bytes = tensor.hasRawData ? tensor.rawData : try? tensor.nameless.serializedBytes() as Data else {
        continue
      }
      let content = Content(isRaw: tensor.hasRawData, type: tensor.dataType, shape: tensor.dims, bytes: bytes)
      if let first = known[content], !fixed.contains(tensor.name) {
        redirected[tensor.name] = first
      } else if known[content] == nil {
        known[content] = tensor.name
      }
    }
    model.redirect(redirected)
    model.proto.graph.initializer.removeAll { redirected[$0.name] != nil }
    return redirected.count
  }

  private struct Work: Hashable {
    let type: String
    let domain: String
    let inputs: [String]
    let attributes: [Data]
    let outputs: Int
  }

  private func mergeNodes(_ model: inout OnnxModel) -> Int {
    let fixed = model.fixedNames()
    var known: [Work: [String]] = [:], redirected: [String: String] = [:], removed: Set<Int> = []
    for (index, node) in model.proto.graph.node.enumerated() {
      guard !Self.isRandom(node), node.attribute.allSatisfy({ $0.innerGraphs.isEmpty }) else { continue }
      let attributes = node.attribute.sorted { $0.name < $1.name }.compactMap { try? $0.serializedBytes() as Data }
      guard attributes.count == node.attribute.count else { continue }
      let work = Work(
        type: node.opType, domain: node.domain, inputs: node.input.map { redirected[$0] ?? $0 },
        attributes: attributes, outputs: node.output.count)
      guard let first = known[work] else {
        known[work] = node.output
        continue
      }
      guard node.output.allSatisfy({ !fixed.contains($0) }),
        zip(first, node.output).allSatisfy({ !$0.isEmpty || $1.isEmpty })
      else { continue }
      for (name, other) in zip(node.output, first) where !name.isEmpty { redirected[name] = other }
      removed.insert(index)
    }
    model.redirect(redirected)
    model.removeNodes(at: removed)
    return removed.count
  }

  /// Gives other numbers each time, or may.
  static func isRandom(_ node: Onnx_NodeProto) -> Bool {
    random.contains(node.opType) || !node.isStandard
  }

  private static let random: Set<String> = [
    "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli", "Dropout",
  ]
}

extension Onnx_TensorProto {
  fileprivate var nameless: Onnx_TensorProto {
    var copy = self
    copy.name = ""
    copy.docString = ""
    return copy
  }
}
