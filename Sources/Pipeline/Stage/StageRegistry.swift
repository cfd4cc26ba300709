import EdgepipeCore

/// The stage types that a pipeline file may name.
public struct StageRegistry: Sendable {
  private var descriptors: [String: StageDescriptor] = [:]

  public init() {}

  public mutating func register<S: Stage>(_ stage: S.Type) { descriptors[S.type] = StageDescriptor(stage) }

  public subscript(type: String) -> StageDescriptor? { descriptors[type] }

  /// Every registered type, sorted by name.
  public var all: [StageDescriptor] { descriptors.values.sorted { $0.type < $1.type } }
}
