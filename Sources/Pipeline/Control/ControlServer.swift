public import EdgepipeCore
import Foundation
public import Logging
import Synchronization

/// Answers requests on a run's control socket: each client has a thread of its own, so that nobody waits for another.
public final class ControlServer: Sendable {
  /// Clients at a time; more are refused with a reason.
  static let clientLimit = 32
  /// In bytes; the system takes no longer path of a socket.
  package static let longestPath = UnixSocket.longestPath

  private let path: String
  private let actions: ControlActions
  private let isEnding = Atomic<Bool>(false)
  private let threads = Mutex<(listener: WorkerThread?, clients: [Int: WorkerThread])>((nil, [:]))
  private let finished = Mutex<[Int]>([])

  /// - Throws: ``PipelineError`` when the socket cannot be made.
  public init(path: String, runner: PipelineRunner, logger: Logger) throws(PipelineError) {
    self.path = path
    actions = ControlActions(runner: runner, logger: logger)
    try begin()
  }

  /// - Parameters:
  ///   - supervision: learns of the supervisor's requests.
  ///   - metrics: makes the text of the run's page of metrics.
  ///   - report: makes the run report of what has happened so far.
  /// - Throws: ``PipelineError`` when the socket cannot be made.
  package init(
    path: String, runner: PipelineRunner, logger: Logger, supervision: Supervision?,
    metrics: (@Sendable () -> String)? = nil, report: (@Sendable () -> ReportValue)? = nil
  ) throws(PipelineError) {
    self.path = path
    actions = ControlActions(runner: runner, logger: logger, supervision: supervision, metrics: metrics, report: report)
    try begin()
  }

  private func begin() throws(PipelineError) {
    let socket = try Handover(UnixSocket.listening(at: path))
    let started = try WorkerThread(name: "ep-control") { [self] in listen(socket.take()) }
    threads.withLock { $0.listener = started }
  }

  /// Takes the socket away, ends all sessions and waits for the threads.
  public func stop() {
    isEnding.store(true, ordering: .relaxed)
    threads.withLock { $0.listener }?.join()
    for thread in threads.withLock({ Array($0.clients.values) }) { thread.join() }
  }

  private func listen(_ socket: UnixSocket?) {
    guard let socket else { return }
    var number = 0
    while !isEnding.load(ordering: .relaxed) {
      guard let client = socket.accept(milliseconds: 500) else { continue }
      reap()
      number += 1
      admit(client, number)
    }
    _ = unsafe unlink(path)
  }

  private func admit(_ client: UnixSocket, _ number: Int) {
    let count = threads.withLock { $0.clients.count }
    guard count < Self.clientLimit else {
      _ = Self.send(
        ControlResponse(
          error: "\(Self.clientLimit) clients are connected already", remedy: "close one of them, or try again later"),
        to: client)
      return
    }
    let socket = Handover(client)
    // Registered before it can end.
    threads.withLock { threads in
      do {
        threads.clients[number] = try WorkerThread(name: "ep-client") { [self] in
          if let socket = socket.take() { serve(socket) }
          finished.withLock { $0.append(number) }
        }
      } catch { actions.logger.warning("a control client is refused: \(error)") }
    }
  }

  /// Joins the threads of clients that have left.
  private func reap() {
    let numbers = finished.withLock { numbers in
      defer { numbers = [] }
      return numbers
    }
    for number in numbers { threads.withLock { $0.clients.removeValue(forKey: number) }?.join() }
  }

  private func serve(_ socket: UnixSocket) {
    guard let line = socket.readLine() else { return }
    if let first = ControlMessage(line), first.version == 2 {
      ControlSession(socket, actions) { [self] in isEnding.load(ordering: .relaxed) }.serve(first)
    } else {
      _ = Self.send(answer(line), to: socket)
    }
  }

  private static func send(_ response: ControlResponse, to socket: UnixSocket) -> Bool {
    let encoded = try? JSONEncoder().encode(response)
    return socket.write(line: String(decoding: encoded ?? Data("{}".utf8), as: UTF8.self))
  }

  // MARK: - Version 1: one request and one answer a connection

  private func answer(_ line: String) -> ControlResponse {
    do {
      let request: ControlRequest
      do { request = try JSONDecoder().decode(ControlRequest.self, from: Data(line.utf8)) } catch {
        let known = ControlRequest.Command.allCases.map(\.rawValue).joined(separator: ", ")
        throw PipelineError(
          "not a request", remedy: "send {\"command\": ...} with one of \(known)", code: .invalidArgument)
      }
      switch request.command {
      case .addStream:
        try actions.addStream(
          id: need(request.id, "id", request), url: need(request.url, "url", request), source: request.source)
      case .removeStream: try actions.removeStream(id: need(request.id, "id", request))
      case .list: return ControlResponse(streams: actions.streams)
      case .drain: actions.drain()
      }
      return ControlResponse()
    } catch {
      let error = PipelineError(error, stage: "control")
      return ControlResponse(error: error.message, remedy: error.remedy)
    }
  }

  private func need(_ value: String?, _ key: String, _ request: ControlRequest) throws(PipelineError) -> String {
    guard let value else {
      throw PipelineError("\(request.command.rawValue) needs the key '\(key)'", code: .invalidArgument)
    }
    return value
  }

  /// Hands one object to one other thread.
  @safe private final class Handover: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): put in before the thread starts, taken out once by it.
    private var socket: UnixSocket?
    init(_ socket: UnixSocket) { self.socket = socket }

    func take() -> UnixSocket? {
      defer { socket = nil }
      return socket
    }
  }
}
