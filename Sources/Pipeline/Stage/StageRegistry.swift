import EdgepipeCore

/// The stage types that a pipeline file may name.
public struct StageRegistry: Sendable {
  private var descriptors: [String: StageDescriptor] = [:]

  public init() {}

  /// Finds stage types that are not in the program; nil: there are none.
  package var finder: (any StageFinding)?

  public mutating func register<S: Stage>(_ stage: S.Type) { descriptors[S.type] = StageDescriptor(stage) }

  package mutating func register(_ descriptor: StageDescriptor) { descriptors[descriptor.type] = descriptor }

  /// The same with the stage types of what a pipeline file names.
  func including(_ paths: [String]) -> (registry: StageRegistry, problems: [(path: String, error: PipelineError)]) {
    guard let finder else { return (self, []) }
    let found = finder.stages(at: paths)
    var registry = self
    for descriptor in found.descriptors { registry.register(descriptor) }
    return (registry, found.problems)
  }

  public subscript(type: String) -> StageDescriptor? { descriptors[type] }

  /// Every registered type, sorted by name.
  public var all: [StageDescriptor] { descriptors.values.sorted { $0.type < $1.type } }
}
