package import EdgepipeCore
import Foundation

/// A client of a run's control socket that speaks version 2 of the protocol.
package final class ControlClient {
  private let socket: UnixSocket
  private let path: String
  private let patienceMs: Double
  private var lastID = 0
  /// What came between a request and its answer.
  private var early: [ReportValue] = []

  /// - Parameter patienceMs: how long an answer may take; opening a model may take a while.
  /// - Throws: ``PipelineError`` `unreachable` when no program listens.
  package init(path: String, patienceMs: Double = 120_000) throws(PipelineError) {
    self.path = path
    self.patienceMs = patienceMs
    socket = try UnixSocket.connected(to: path)
  }

  /// Sends a request and waits for its answer.
  ///
  /// - Parameter members: of the request, beside `v`, `id` and `command`.
  /// - Returns: the members of the answer.
  /// - Throws: ``PipelineError``: what the run refuses, with its code; `unreachable` when it does not answer.
  package func ask(_ command: String, _ members: [String: ReportValue] = [:]) throws(PipelineError) -> [String:
    ReportValue]
  {
    lastID += 1
    var request = members
    request["v"] = .int(2)
    request["id"] = .int(lastID)
    request["command"] = .string(command)
    guard socket.write(line: ReportValue.object(request).line) else { throw silent }
    while true {
      guard socket.hasInput(milliseconds: patienceMs) else { throw silent }
      guard let line = socket.readLine(limit: UnixSocket.answerLimit), let message = Self.message(line) else {
        throw silent
      }
      guard case .object(let answer) = message, answer["ok"] != nil else {
        early.append(message)
        continue
      }
      if answer["ok"] == .bool(true) { return answer }
      throw Self.error(answer["error"])
    }
  }

  /// The next message of a subscription; nil when the run has ended.
  package func next() -> ReportValue? {
    if !early.isEmpty { return early.removeFirst() }
    // The other end may have nothing to say for long.
    while !socket.hasInput(milliseconds: 1000) {}
    return socket.readLine(limit: UnixSocket.answerLimit).flatMap(Self.message)
  }

  /// What has come of a subscription.
  package enum Arrival {
    case message(ReportValue)
    /// Nothing within the time.
    case nothing
    /// The run has closed the connection, or sent what cannot be read.
    case ended
  }

  /// As ``next()``, but waits for a limited time.
  package func next(milliseconds: Double) -> Arrival {
    if !early.isEmpty { return .message(early.removeFirst()) }
    guard socket.hasInput(milliseconds: milliseconds) else { return .nothing }
    return socket.readLine(limit: UnixSocket.answerLimit).flatMap(Self.message).map(Arrival.message) ?? .ended
  }

  private var silent: PipelineError {
    PipelineError(
      "the run at '\(path)' does not respond",
      remedy: "check its log; runs of older versions know 'list' and 'drain' only",
      code: .unreachable)
  }

  private static func message(_ line: String) -> ReportValue? {
    var issues = IssueCollector(file: "answer")
    guard let node = JSONParser.parse(Array(line.utf8), issues: &issues), issues.errors == nil else { return nil }
    return ReportValue(node)
  }

  private static func error(_ value: ReportValue?) -> PipelineError {
    guard case .object(let members)? = value, case .string(let message)? = members["message"] else {
      return PipelineError("the run refuses the request", code: .unavailable)
    }
    var code = PipelineError.Code.invalidArgument, remedy: String?
    if case .string(let word)? = members["code"] { code = PipelineError.Code(rawValue: word) ?? code }
    if case .string(let text)? = members["remedy"] { remedy = text }
    return PipelineError(message, remedy: remedy, code: code)
  }
}
