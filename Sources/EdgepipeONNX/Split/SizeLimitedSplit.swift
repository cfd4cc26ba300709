import EdgepipeCore
import Foundation
import SwiftProtobuf

/// Divides a graph into parts whose files stay below a size.
///
/// Nodes are taken in the order of the graph until the limit; the cut then goes to where the fewest tensors go across,
/// in the second half of what would fit.
struct SizeLimitedSplit {
  private let graph: SplitGraph
  private let steps: [Int]
  private let sizes: [String: Int]
  private let limit: Int
  /// Bytes of a part besides its nodes and weights.
  private let overhead: Int
  /// For each step, how many tensors are made up to it and read after it.
  private let crossing: [Int]

  /// - Parameter limit: in bytes.
  init(_ graph: SplitGraph, limit: Int) throws {
    (self.graph, self.limit) = (graph, limit)
    steps = graph.steps
    let whole = graph.model.proto
    var rest = whole
    rest.graph.node = []
    rest.graph.initializer = []
    rest.graph.sparseInitializer = []
    rest.graph.valueInfo = []
    rest.trainingInfo = []
    overhead = try Self.bytes(rest)
    var sizes: [String: Int] = [:]
    for tensor in whole.graph.initializer { sizes[tensor.name] = try Self.fieldBytes(tensor) }
    for tensor in whole.graph.sparseInitializer { sizes[tensor.values.name] = try Self.fieldBytes(tensor) }
    self.sizes = sizes
    crossing = graph.crossing(steps)
  }

  private static func bytes(_ message: some Message) throws -> Int {
    let data: Data = try message.serializedBytes()
    return data.count
  }

  /// With the field's number and length.
  private static func fieldBytes(_ message: some Message) throws -> Int { try bytes(message) + 8 }

  /// - Throws: a ``PipelineError`` (`unattainable`) that names the node which alone is larger.
  func assignment() throws -> (parts: [Int], count: Int) {
    var parts = [Int](repeating: 0, count: steps.count), start = 0, part = 0
    while start < steps.count {
      let end = try self.end(from: start, part: part)
      for index in start..<end { parts[index] = part }
      (start, part) = (end, part + 1)
    }
    return (parts, max(1, part))
  }

  /// The step after the last of a part.
  private func end(from start: Int, part: Int) throws -> Int {
    var held: Set<String> = [], nodes: Set<Int> = [], size = overhead, end = start
    while end < steps.count {
      let added = graph.fixedNodes(for: [steps[end]], outputs: []).union([steps[end]]).subtracting(nodes)
      let weights = Set(added.flatMap { graph.reads[$0] }.filter { sizes[$0] != nil }).subtracting(held)
      let more =
        try added.reduce(0) { try $0 + Self.fieldBytes(graph.model.proto.graph.node[$1]) }
        + weights.reduce(0) { $0 + (sizes[$1] ?? 0) }
      if size + more > limit {
        if end == start { throw tooLarge(steps[end], part: part, bytes: size + more) }
        break
      }
      size += more
      nodes.formUnion(added)
      held.formUnion(weights)
      end += 1
    }
    guard end < steps.count else { return end }
    let least = start + max(1, (end - start) / 2)
    return (least...end).reversed().min { crossing[$0 - 1] < crossing[$1 - 1] } ?? end
  }

  private func tooLarge(_ node: Int, part: Int, bytes: Int) -> PipelineError {
    PipelineError(
      "part \(part + 1) of '\(graph.model.name)' cannot stay below \(limit) bytes: the node "
        + "\(graph.model.proto.graph.node[node].label) alone needs \(bytes)",
      remedy: "give a --max-size of \(bytes) bytes or more, or make the model smaller first (edgepipe models compress)",
      code: .unattainable)
  }
}

extension GraphSplit {
  /// Divides a graph into as few parts as keep each file at or below a limit, by the order of its nodes.
  ///
  /// - Parameter limit: bytes of each part's file.
  /// - Throws: a ``PipelineError`` (`unattainable`) when one node alone is larger, and as ``models(describe:)``.
  package static func parts(
    of graph: SplitGraph, maximumBytes limit: Int, describe: ([String]) throws -> [String: Onnx_ValueInfoProto]
  ) throws -> (split: GraphSplit, models: [OnnxModel]) {
    // Sizes are added up with a little too much for each field, which a model that fits as it is must not pay for.
    let whole = GraphSplit(graph, assignment: graph.steps.map { _ in 0 }, count: 1)
    let single = try whole.models(describe: describe)
    if try single[0].serialized().count <= limit { return (whole, single) }
    // What stands in a file beside nodes and weights is only known when it is made.
    var allowed = limit
    while true {
      let (assignment, count) = try SizeLimitedSplit(graph, limit: allowed).assignment()
      let split = GraphSplit(graph, assignment: assignment, count: count)
      let models = try split.models(describe: describe)
      let largest = try models.map { try $0.serialized().count }.max() ?? 0
      if largest <= limit { return (split, models) }
      allowed -= largest - limit
    }
  }
}
