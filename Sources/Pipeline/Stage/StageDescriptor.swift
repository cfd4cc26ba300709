public import EdgepipeCore
public import Foundation

/// A stage type as the registry knows it.
public struct StageDescriptor: Sendable {
  public let type: String
  public let summary: String
  public let role: StageRole
  public let maximumWorkers: Int
  public let needsImage: Bool
  public let schema: ObjectSchema
  /// Makes the stage from its `config` object in JSON.
  public let make: @Sendable (_ configuration: Data, _ context: StageContext) throws -> any Stage

  public init(
    type: String, summary: String, role: StageRole, maximumWorkers: Int = 1, needsImage: Bool = false,
    schema: ObjectSchema = ObjectSchema([]), make: @escaping @Sendable (Data, StageContext) throws -> any Stage
  ) {
    self.type = type
    self.summary = summary
    self.role = role
    self.maximumWorkers = maximumWorkers
    self.needsImage = needsImage
    self.schema = schema
    self.make = make
  }

  public init<S: Stage>(_ stage: S.Type) {
    self.init(
      type: S.type, summary: S.summary, role: S.role, maximumWorkers: S.maximumWorkers, needsImage: S.needsImage,
      schema: S.Configuration.schema,
      make: { configuration, context in
        try S(JSONDecoder().decode(S.Configuration.self, from: configuration), context: context)
      })
  }
}
