package import EdgepipeCore

/// What a supervisor knows of one pipeline.
package struct PipelineStatus: Sendable {
  package enum Phase: String, Sendable, CaseIterable {
    /// Not wanted.
    case stopped
    /// The process has been started, and does not answer yet.
    case starting
    case running
    /// Its last frames are being delivered.
    case draining
    /// It has ended by itself and will be started again.
    case waiting
    /// All its streams have ended.
    case finished
  }

  package let name: String
  /// Of the pipeline.
  package let file: String
  package var phase = Phase.stopped
  package var process: Int32?
  package var since: WallTime
  /// Starts after the first one.
  package var restarts = 0
  /// How the last run ended, and what it said.
  package var lastEnd: String?
  /// Of the run's last message of the topic `figures`.
  package var figures: [String: ReportValue] = [:]

  /// The names of the run's streams, as far as they are known.
  var streams: [String] {
    guard case .list(let list)? = figures["streams"] else { return [] }
    return list.compactMap { stream in
      if case .object(let members) = stream, case .string(let id)? = members["id"] { id } else { nil }
    }
  }

  /// Whether a stream of the run goes on.
  func hasPictures(of stream: String) -> Bool {
    guard phase == .running, case .list(let list)? = figures["streams"] else { return false }
    return list.contains { entry in
      guard case .object(let members) = entry, members["id"] == .string(stream) else { return false }
      return members["state"] != .string("ended")
    }
  }

  package var value: ReportValue {
    .object([
      "name": .string(name), "file": .string(file), "state": .string(phase.rawValue),
      "pid": process.map { .int(Int($0)) } ?? .null, "since": .string(since.iso8601), "restarts": .int(restarts),
      "last_end": lastEnd.map { .string($0) } ?? .null, "fps": figures["fps"] ?? .null,
      "streams": figures["streams"] ?? .null,
    ])
  }
}
