public import Logging
import Synchronization

/// What a stage says in its log, for its tests: `warning: the picture's size changed`.
public final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  public init() {}

  public var all: [String] { lines.withLock { $0 } }

  /// A logger that writes here, whatever the level.
  public func logger() -> Logger { Logger(label: "test") { _ in Handler(target: self) } }

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
