/// A rewriting of a model that changes its cost and not its results.
public protocol GraphPass: Sendable {
  /// What reports call it.
  var name: String { get }

  /// Rewrites the model in place as often as the pass fits.
  ///
  /// - Returns: how many places were rewritten.
  func apply(to model: inout OnnxModel) -> Int
}

public enum GraphPasses {
  /// The passes in the order in which they help each other.
  public static let all: [any GraphPass] = [
    ConstantsToInitializers(), BatchNormalizationFolding(), SpaceToDepthStem(), DeadNodeElimination(),
  ]

  /// Applies all passes; the result says what each rewrote.
  @discardableResult
  public static func apply(to model: inout OnnxModel) -> [(name: String, count: Int)] {
    all.map { ($0.name, $0.apply(to: &model)) }
  }
}

extension OnnxModel {
  /// How often each tensor is read, by nodes or as an output of the model.
  func readCounts() -> [String: Int] {
    var counts: [String: Int] = [:]
    for node in proto.graph.node { for name in node.input { counts[name, default: 0] += 1 } }
    for output in proto.graph.output { counts[output.name, default: 0] += 1 }
    return counts
  }

  /// Stored tensors by name.
  func storedTensors() -> [String: Onnx_TensorProto] {
    Dictionary(proto.graph.initializer.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// A name that nothing in the graph has yet.
  func unusedName(_ wanted: String) -> String {
    var taken = Set(proto.graph.initializer.map(\.name))
    for node in proto.graph.node { taken.formUnion(node.output) }
    var name = wanted, number = 2
    while taken.contains(name) {
      name = "\(wanted)_\(number)"
      number += 1
    }
    return name
  }
}
