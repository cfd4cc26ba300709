import EdgepipeCore

/// The other stages of the pipeline, for a stage that works for them.
public struct StagePeers: Sendable {
  /// Every stage by id.
  public let stages: [String: any Stage]
  /// The ids of the stages that come after this one, directly or not, in graph order.
  public let downstream: [String]
  /// The ids of the stages that come before this one, directly or not, in graph order.
  public let upstream: [String]

  public init(stages: [String: any Stage], downstream: [String], upstream: [String] = []) {
    self.stages = stages
    self.downstream = downstream
    self.upstream = upstream
  }
}
