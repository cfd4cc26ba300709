@testable import EdgepipeCore
@testable import Pipeline
import PipelineTestSupport

extension LogLines {
  /// A context as the tests of sinks and analytics have it, with this log.
  func context(_ id: String) -> StageContext {
    StageContext(
      id: id, clock: SinkFixture.StillClock(), logger: logger(), framesInFlight: 4, threads: ThreadCensus())
  }
}
