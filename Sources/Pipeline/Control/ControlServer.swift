public import EdgepipeCore
import Foundation
public import Logging
import Synchronization

/// Answers requests on a run's control socket, one at a time, on a thread of its own.
public final class ControlServer: Sendable {
  private let path: String
  private let runner: PipelineRunner
  private let logger: Logger
  private let isEnding = Atomic<Bool>(false)
  private let thread: Mutex<WorkerThread?>

  /// - Throws: ``PipelineError`` when the socket cannot be made.
  public init(path: String, runner: PipelineRunner, logger: Logger) throws(PipelineError) {
    self.path = path
    self.runner = runner
    self.logger = logger
    thread = Mutex(nil)
    let socket = try Handover(UnixSocket.listening(at: path))
    let started = try WorkerThread(name: "ep-control") { [self] in serve(socket.take()) }
    thread.withLock { $0 = started }
  }

  /// Takes the socket away and waits for the thread.
  public func stop() {
    isEnding.store(true, ordering: .relaxed)
    thread.withLock { $0 }?.join()
  }

  private func serve(_ socket: UnixSocket?) {
    guard let socket else { return }
    while !isEnding.load(ordering: .relaxed) {
      guard let client = socket.accept(milliseconds: 500), let line = client.readLine() else { continue }
      let encoded = try? JSONEncoder().encode(answer(line))
      client.write(line: String(decoding: encoded ?? Data("{}".utf8), as: UTF8.self))
    }
    _ = unsafe unlink(path)
  }

  private func answer(_ line: String) -> ControlResponse {
    do {
      let request: ControlRequest
      do { request = try JSONDecoder().decode(ControlRequest.self, from: Data(line.utf8)) } catch {
        let known = ControlRequest.Command.allCases.map(\.rawValue).joined(separator: ", ")
        throw PipelineError(
          "not a request", remedy: "send {\"command\": ...} with one of \(known)", code: .invalidArgument)
      }
      switch request.command {
      case .addStream: try add(request)
      case .removeStream:
        let id = try need(request.id, "id", request)
        try runner.removeStream(id: id)
        logger.notice("stream '\(id)': removed on request")
      case .list: return ControlResponse(streams: list)
      case .drain:
        logger.notice("draining on request")
        runner.requestStop()
      }
      return ControlResponse()
    } catch {
      let error = PipelineError(error, stage: "control")
      return ControlResponse(error: error.message, remedy: error.remedy)
    }
  }

  private func add(_ request: ControlRequest) throws {
    let id = try need(request.id, "id", request)
    let url = try EnvironmentReferences.expand(
      need(request.url, "url", request), environment: ProcessInfo.processInfo.environment, place: "the url of '\(id)'")
    try runner.addStream(id: id, url: url, to: request.source)
    logger.notice("stream '\(id)': added on request")
  }

  private func need(_ value: String?, _ key: String, _ request: ControlRequest) throws(PipelineError) -> String {
    guard let value else {
      throw PipelineError("\(request.command.rawValue) needs the key '\(key)'", code: .invalidArgument)
    }
    return value
  }

  private var list: [ControlResponse.Stream] {
    let snapshot = runner.snapshot()
    return snapshot.streamFigures.map { figures in
      let account = snapshot.streams[figures.id] ?? Ledger.Account()
      let health = figures.values.health
      return ControlResponse.Stream(
        id: figures.id, source: figures.sourceStage, live: figures.isLive,
        state: figures.isRunning ? health?.state.rawValue ?? "streaming" : "ended",
        seconds: health.map { Double(snapshot.now.nanoseconds(since: $0.since)) / 1e9 },
        attempt: health?.attempt, lastError: health?.lastError, admitted: account.admitted,
        delivered: account.delivered, dropped: account.droppedTotal + account.failedTotal,
        latencyP95Ms: figures.values.latency.milliseconds(atPercentile: 95))
    }
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
