import EdgepipeCore
import Foundation

/// One client that speaks version 2 of the control protocol: it stays connected, sends requests and gets an answer to each,
/// and between them what it has subscribed to. Every message is a JSON object on a line. Lives on one thread.
final class ControlSession {
  enum Topic: String, CaseIterable {
    /// Changes in the state of streams.
    case health
    /// What rules report of frames, and options that have changed.
    case events
    /// Pictures, clips and recordings that stages have finished.
    case files
    /// Rates, queues and latencies, at an interval.
    case figures
    /// Annotated pictures of one stream.
    case pictures
  }

  private enum Command: String, CaseIterable {
    case status, list, graph, files, faults
    case addStream = "add-stream"
    case removeStream = "remove-stream"
    case set, picture, metrics, report, subscribe, unsubscribe, supervise, drain
    case limitDetection = "limit-detection"
    case stacks
  }

  /// While something is subscribed to, how often the session looks for news: a client hears of it within this time.
  private static let pauseMs = 50.0
  private static let idlePauseMs = 500.0
  private static let leastFiguresS = 0.1

  private let socket: UnixSocket
  private let actions: ControlActions
  private let isEnding: () -> Bool
  private var topics: Set<Topic> = []
  private var follower: RunNotices.Follower?
  private var figures: ControlFigures?
  private var pictures: ControlPictures?
  private var isOpen = true

  init(_ socket: UnixSocket, _ actions: ControlActions, isEnding: @escaping () -> Bool) {
    self.socket = socket
    self.actions = actions
    self.isEnding = isEnding
  }

  deinit { if let follower { actions.runner.unfollow(follower) } }

  func serve(_ first: ControlMessage) {
    handle(first)
    while isOpen, !isEnding() {
      if socket.hasInput(milliseconds: topics.isEmpty ? Self.idlePauseMs : Self.pauseMs) {
        guard let line = socket.readLine() else { break }
        if let message = ControlMessage(line) { handle(message) } else { refuse(.null, Self.noRequest) }
      }
      report()
    }
    // What happened last, such as the end of streams while the run drains, still arrives.
    report()
  }

  // MARK: - Requests

  private static let noRequest = PipelineError(
    "not a request", remedy: "send one JSON object on each line, such as {\"v\":2,\"id\":1,\"command\":\"status\"}",
    code: .invalidArgument)

  private func handle(_ message: ControlMessage) {
    do throws(PipelineError) {
      var answer = try self.answer(message)
      answer["id"] = message.id
      answer["ok"] = .bool(true)
      send(.object(answer))
    } catch { refuse(message.id, error) }
  }

  private func answer(_ message: ControlMessage) throws(PipelineError) -> [String: ReportValue] {
    guard let command = Command(rawValue: message.command) else {
      let known = Command.allCases.map(\.rawValue)
      throw PipelineError(
        "unknown command \(Quoted.text(message.command))",
        remedy: NearestName.suggestion(for: message.command, among: known).map { "did you mean '\($0)'?" }
          ?? "commands: \(known.joined(separator: ", "))", code: .invalidArgument)
    }
    do {
      switch command {
      case .status: return status
      case .list:
        return ["streams": .list(actions.streams.map { $0.value(isAnonymized: actions.runner.showsAnonymized($0.id)) })]
      case .graph: return ["stages": actions.graph]
      case .files: return ["files": .list(try actions.files(after: message.number("after")).map(\.value))]
      case .faults:
        return ["faults": .list(try actions.faults(after: message.number("after")).map(\.value))]
      case .addStream:
        try actions.addStream(id: message.need("stream"), url: message.need("url"), source: message.text("source"))
      case .removeStream: try actions.removeStream(id: message.need("stream"))
      case .set:
        let stage = try message.need("stage")
        return ["change": try actions.set(message.needObject("options"), of: stage).value]
      case .picture:
        return ["picture": try ControlPictures(message, actions.runner, every: 1).one(unless: isEnding)]
      case .subscribe: try subscribe(message)
      case .metrics: return ["text": .string(try actions.metricsText)]
      case .report: return ["report": try actions.reportSoFar]
      case .unsubscribe: follow([])
      case .supervise:
        try actions.supervise(limitS: message.number("limit"))
        return status
      case .limitDetection: try actions.limitDetection(to: message.number("share"))
      case .stacks: return ["text": .string(actions.stacks())]
      case .drain: actions.drain()
      }
      return [:]
    } catch { throw PipelineError(error, stage: "control") }
  }

  private var status: [String: ReportValue] {
    let snapshot = actions.runner.snapshot()
    return [
      "protocol": .int(2), "pipeline": .string(actions.runner.plan.name), "pid": .int(Int(getpid())),
      "started_at": .string(snapshot.started.iso8601), "elapsed_s": .rounded(snapshot.elapsedSeconds),
      "draining": .bool(actions.runner.isStopping), "admitted": .int(snapshot.ledger.admitted),
      "delivered": .int(snapshot.ledger.delivered), "dropped": .int(snapshot.ledger.droppedTotal),
      "failed": .int(snapshot.ledger.failedTotal),
    ]
  }

  private func refuse(_ id: ReportValue, _ error: PipelineError) {
    var description: [String: ReportValue] = [
      "code": .string(error.code.rawValue), "message": .string(error.message),
    ]
    description["remedy"] = error.remedy.map { .string($0) }
    send(.object(["id": id, "ok": .bool(false), "error": .object(description)]))
  }

  // MARK: - Subscriptions

  private func subscribe(_ message: ControlMessage) throws(PipelineError) {
    let usual = [Topic.health, .events, .figures].map(\.rawValue)
    let names = try message.texts("topics") ?? usual
    var topics: Set<Topic> = []
    for name in names {
      guard let topic = Topic(rawValue: name) else {
        throw PipelineError(
          "unknown topic \(Quoted.text(name))",
          remedy: "topics: \(Topic.allCases.map(\.rawValue).joined(separator: ", "))", code: .invalidArgument)
      }
      topics.insert(topic)
    }
    let every = try message.number("every") ?? 1
    guard every >= Self.leastFiguresS, every <= 3600 else {
      throw PipelineError("'every' takes \(Self.leastFiguresS) to 3600 seconds", code: .invalidArgument)
    }
    let pictures = topics.contains(.pictures) ? try ControlPictures(message, actions.runner, every: every) : nil
    follow(topics)
    self.pictures = pictures
    figures = topics.contains(.figures) ? ControlFigures(every: every, actions.runner) : nil
  }

  private func follow(_ topics: Set<Topic>) {
    self.topics = topics
    let isFollowing = !topics.isDisjoint(with: [.health, .events, .files])
    if isFollowing, follower == nil { follower = actions.runner.follow() }
    if !isFollowing, let old = follower {
      actions.runner.unfollow(old)
      follower = nil
    }
    if !topics.contains(.figures) { figures = nil }
    if !topics.contains(.pictures) { pictures = nil }
  }

  private func report() {
    if let (notices, lost) = follower?.take() {
      if lost > 0 { send(.object(["event": .string("lost"), "count": .int(lost)])) }
      for notice in notices where topics.contains(notice.topic) { send(notice.value) }
    }
    if let message = figures?.next() { send(message) }
    do throws(PipelineError) { if let picture = try pictures?.next() { send(picture) } } catch {
      pictures = nil
      send(.object(["event": .string("error"), "topic": .string("pictures"), "message": .string(error.message)]))
    }
  }

  private func send(_ value: ReportValue) {
    // A client that takes nothing for five seconds has left.
    if isOpen, !socket.write(line: value.line) { isOpen = false }
  }
}
