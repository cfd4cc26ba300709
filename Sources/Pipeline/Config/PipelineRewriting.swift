public import EdgepipeCore

extension PipelineConfig {
  /// The text of a pipeline file with overrides applied: for a file that keeps them. `${NAME}` stays as it is written.
  ///
  /// - Parameter deadlineMs: the pipeline's budget, in place of the file's.
  ///
  /// - Throws: what is wrong with the file or the overrides.
  public static func rewritten(
    file: String, registry: StageRegistry, overrides: PipelineOverrides, deadlineMs: Double? = nil
  ) throws(ConfigErrors) -> String {
    let bytes = try ConfigFile.read(file)
    let shown = ConfigFile.shown(file)
    var issues = IssueCollector(file: shown, overrideNames: overrides.names)
    guard var root = JSONParser.parse(bytes, issues: &issues) else {
      throw issues.errors ?? ConfigErrors(issues: [ConfigIssue(file: shown, message: "not JSON")])
    }
    overrides.apply(to: &root, registry: registry, issues: &issues)
    if let deadlineMs {
      root.set(["budget"], root["budget"] ?? JSONNode(.object([]), origin: root.origin))
      root.set(["budget", "deadlineMs"], JSONNode(.number(deadlineMs), origin: root.origin))
    }
    if let errors = issues.errors { throw errors }
    return root.text(indented: true) + "\n"
  }
}
