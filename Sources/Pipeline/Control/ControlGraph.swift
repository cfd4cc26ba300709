import EdgepipeCore

extension ControlActions {
  /// The stages in the order of the file: what each is, what it comes after, and its options that change, with the values
  /// that they have now.
  var graph: ReportValue {
    .list(
      runner.plan.stages.map { stage in
        let changeable = stage.descriptor.schema.properties.filter(\.isChangeable)
        return .object([
          "id": .string(stage.id), "type": .string(stage.descriptor.type),
          "role": .string(stage.descriptor.role.rawValue), "summary": .string(stage.descriptor.summary),
          "after": .list(stage.after.map { .string($0) }), "workers": .int(stage.workers),
          "options": .list(changeable.map { option($0, of: stage.id) }),
        ])
      })
  }

  private func option(_ property: ObjectSchema.Property, of stage: String) -> ReportValue {
    var members: [String: ReportValue] = [
      "name": .string(property.name), "summary": .string(property.summary),
      "schema": ReportValue(property.kind.jsonSchema), "required": .bool(property.isRequired),
      "value": runner.option(property.name, of: stage).map { ReportValue($0) } ?? .null,
    ]
    members["default"] = property.defaultJSON.flatMap { JSONParser.value($0, origin: .none) }.map { ReportValue($0) }
    return .object(members)
  }

  /// What was told of faults and of their ends.
  ///
  /// - Parameter number: of the last one that is known already.
  func faults(after number: Double?) -> [RunNotices.Numbered] { runner.faults(after: Int(exactly: number ?? 0) ?? 0) }

  /// Files that stages have finished.
  ///
  /// - Parameter number: of the last one that is known already.
  func files(after number: Double?) -> [WrittenFile] { runner.files.files(after: Int(exactly: number ?? 0) ?? 0) }
}
