import Foundation
import Logging

/// Log lines on standard error: `warning camera: …`, after the live line has been cleared.
struct TerminalLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let place = metadata["stage"].map { "\($0): " } ?? ""
    Terminal.endLiveLine()
    Terminal.note("\(event.level.rawValue): \(place)\(event.message)")
  }
}

enum Log {
  static func logger(level: Logger.Level) -> Logger {
    Logger(label: "edgepipe") { _ in TerminalLogHandler(logLevel: level) }
  }

  static let quiet = logger(level: .critical)
}
