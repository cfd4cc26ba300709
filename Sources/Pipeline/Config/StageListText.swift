import EdgepipeCore

extension PipelineSchema {
  /// Stage types with their options as indented JSON, for editors and other programs.
  package static func json(of stages: [StageDescriptor]) -> String {
    JSONNode.made([
      .made("version", .made(1)), .made("stages", .made(stages.map(describe))),
    ]).text(indented: true)
  }

  private static func describe(_ stage: StageDescriptor) -> JSONNode {
    .made([
      .made("type", .made(stage.type)), .made("role", .made(stage.role.rawValue)),
      .made("summary", .made(stage.summary)), .made("max_workers", .made(stage.maximumWorkers)),
      .made("pictures", JSONNode(.bool(stage.needsImage), origin: .none)),
      .made("options", .made(stage.schema.properties.map(describe))),
    ])
  }

  private static func describe(_ option: ObjectSchema.Property) -> JSONNode {
    var members: [JSONNode.Member] = [
      .made("name", .made(option.name)), .made("summary", .made(option.summary)),
      .made("required", JSONNode(.bool(option.isRequired), origin: .none)),
      .made("changeable", JSONNode(.bool(option.isChangeable), origin: .none)),
    ]
    if let text = option.defaultJSON, let value = JSONParser.value(text, origin: .none) {
      members.append(.made("default", value))
    }
    members.append(.made("schema", option.kind.jsonSchema))
    return .made(members)
  }
}
