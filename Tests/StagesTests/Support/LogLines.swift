@testable import EdgepipeCore
import Logging
@testable import Pipeline
import Synchronization

/// What a stage says in its log.
final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  func logger() -> Logger { Logger(label: "test") { _ in Handler(target: self) } }

  /// A context as the tests of sinks and analytics have it, with this log.
  func context(_ id: String) -> StageContext {
    StageContext(
      id: id, clock: SinkFixture.StillClock(), logger: logger(), framesInFlight: 4, threads: ThreadCensus())
  }

  private struct Handler: LogHandler {
    let target: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { target.lines.withLock { $0.append("\(event.level): \(event.message)") } }
  }
}
