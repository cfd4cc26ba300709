package import EdgepipeCore

/// Finds the stage types of plugins, which the graph knows nothing else of.
package protocol StageFinding: Sendable {
  /// - Parameter paths: the `plugins` of a pipeline file.
  func stages(at paths: [String]) -> FoundStages
}

/// What was found.
package struct FoundStages: Sendable {
  package var descriptors: [StageDescriptor]
  /// What cannot be used, by the path that was given.
  package var problems: [(path: String, error: PipelineError)]

  package init(descriptors: [StageDescriptor], problems: [(path: String, error: PipelineError)]) {
    self.descriptors = descriptors
    self.problems = problems
  }
}
