import EdgepipeCore

/// For those who follow a run: the control socket and what stands behind it.
extension PipelineRunner {
  /// Detectors look at this share of live streams' frames at most, whatever the power allows.
  func limitDetection(to share: Double) { context.pace.limit(to: share) }
  /// What sources write into the headers of live frames now.
  var detectionShare: Double { context.pace.share }

  /// Logs, counts and passes on what is wrong with the run itself, or well again.
  package func tell(_ change: FaultChange) {
    context.faults.announce(change)
  }

  /// What happens from now on is kept for the follower until it takes it.
  func follow() -> RunNotices.Follower { context.notices.follow() }
  func unfollow(_ follower: RunNotices.Follower) { context.notices.unfollow(follower) }
  /// What was told of faults behind `number`, for those who were not there.
  func faults(after number: Int) -> [RunNotices.Numbered] { context.notices.faults(after: number) }

  var files: WrittenFiles { context.files }
  /// Nil where nobody follows the power.
  var powerShares: (idleW: Double, busyNanoseconds: Int64?)? { power?.shares }
  var isReady: Bool { context.control.isReady }
  var pictures: PictureTap { context.pictures }
  /// Nil where no service makes pictures.
  var rendering: (any PictureRendering)? { services.find((any PictureRendering).self) }
  func hasStream(_ id: String) -> Bool { streamRunners.contains { $0.stream.id == id } }
}
