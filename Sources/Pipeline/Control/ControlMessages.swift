import EdgepipeCore
import Foundation

/// What a running pipeline can be asked over its control socket: one JSON object a line.
package struct ControlRequest: Codable, Sendable, Hashable {
  package enum Command: String, Codable, Sendable, CaseIterable {
    case addStream = "add-stream"
    case removeStream = "remove-stream"
    case list
    case drain
  }

  var command: Command
  /// The stream's id.
  var id: String?
  /// Where a new stream's frames come from; `${NAME}` takes a value from the environment of the run.
  var url: String?
  /// The source stage that a new stream goes to; nil where there is only one.
  var source: String?

  package init(_ command: Command, id: String? = nil, url: String? = nil, source: String? = nil) {
    self.command = command
    self.id = id
    self.url = url
    self.source = source
  }
}

/// The answer, one JSON object on one line.
package struct ControlResponse: Codable, Sendable, Hashable {
  /// One stream as `list` shows it.
  package struct Stream: Codable, Sendable, Hashable {
    package var id: String
    package var source: String
    var live: Bool
    /// What it does, or `ended`; files are `streaming` until then.
    package var state: String
    /// For how long it has been in that state, in seconds, where that is known.
    package var seconds: Double?
    package var attempt: Int?
    package var lastError: String?
    package var admitted: Int
    package var delivered: Int
    package var dropped: Int
    package var latencyP95Ms: Double
  }

  /// Nil on success.
  package var error: String?
  /// What to do about the error.
  package var remedy: String?
  package var streams: [Stream]?

  init(error: String? = nil, remedy: String? = nil, streams: [Stream]? = nil) {
    self.error = error
    self.remedy = remedy
    self.streams = streams
  }
}

extension ControlRequest {
  /// Asks the run whose control socket is at `path`.
  ///
  /// - Throws: ``PipelineError`` when nobody answers.
  package func send(to path: String) throws -> ControlResponse {
    let socket = try UnixSocket.connected(to: path)
    let request = try JSONEncoder().encode(self)
    guard socket.write(line: String(decoding: request, as: UTF8.self)), let answer = socket.readLine() else {
      throw PipelineError("the run at '\(path)' does not respond", remedy: "check its log", code: .unreachable)
    }
    do {
      return try JSONDecoder().decode(ControlResponse.self, from: Data(answer.utf8))
    } catch {
      throw PipelineError("the program at '\(path)' is not an edgepipe run", code: .unreachable)
    }
  }
}
