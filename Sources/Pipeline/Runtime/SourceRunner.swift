import EdgepipeCore
import Synchronization

/// Runs the streams of one source stage; more may join and leave while the run goes on.
final class SourceRunner: Sendable {
  private struct State {
    var streams: [StreamRunner] = []
    /// Threads that still run, and one for the stage itself while it stays open for more streams.
    var holds = 0
    var isClosed = false
    var staysOpen = false
  }

  /// All streams that one source stage may ever have in a run, so that their accounts cannot grow without bound.
  static let streamLimit = 1024

  let site: SourceSite
  private let framesInFlight: @Sendable (StreamInfo) -> Int
  private let state: Mutex<State>

  /// In a run that stays open the stage does not end with its last stream, but when it is stopped.
  init(_ site: SourceSite, framesInFlight: @escaping @Sendable (StreamInfo) -> Int) {
    let staysOpen = site.run.staysOpen
    self.site = site
    self.framesInFlight = framesInFlight
    let streams = site.stage.streams.map { StreamRunner($0, site: site, framesInFlight: framesInFlight) }
    state = Mutex(State(streams: streams, holds: streams.count + (staysOpen ? 1 : 0), staysOpen: staysOpen))
  }

  var id: String { site.id }
  var streams: [StreamRunner] { state.withLock { $0.streams } }
  /// How many ends ``RunControl`` must wait for.
  var holds: Int { state.withLock { $0.holds } }
  var isWorking: Bool { streams.contains(where: \.isWorking) }

  /// Starts a thread for each stream and hands it to `keep`. Streams that cannot be started count as ended.
  func start(_ keep: (WorkerThread) -> Void) throws(PipelineError) {
    let streams = streams
    for (index, stream) in streams.enumerated() {
      do throws(PipelineError) { try launch(stream, keep) } catch {
        for rest in streams[(index + 1)...] { end(rest) }
        close()
        throw error
      }
    }
  }

  /// None of the streams will be started.
  func giveUp() {
    for stream in streams { end(stream) }
    close()
  }

  /// Admits nothing any more and wakes sources that wait.
  func stop() {
    for stream in streams { stream.stop() }
    close()
  }

  /// Adds a stream to a running source.
  func add(_ stream: StreamInfo, _ keep: (WorkerThread) -> Void) throws(PipelineError) {
    let runner = StreamRunner(stream, site: site, framesInFlight: framesInFlight)
    let refusal = state.withLock { state -> PipelineError? in
      if state.isClosed || state.holds == 0 {
        return PipelineError("the run is ending", remedy: "start another one", code: .unavailable)
      }
      if state.streams.count >= Self.streamLimit {
        return PipelineError(
          "'\(id)' has already had \(Self.streamLimit) streams, the limit of a run", remedy: "start another run",
          code: .invalidArgument)
      }
      state.holds += 1
      state.streams.append(runner)
      return nil
    }
    if let refusal { throw refusal }
    site.run.control.expect(workers: 0, threads: 1)
    try launch(runner, keep)
  }

  private func launch(_ stream: StreamRunner, _ keep: (WorkerThread) -> Void) throws(PipelineError) {
    do throws(PipelineError) {
      keep(
        try site.run.control.launch(stream.stream.id) {
          stream.work()
          self.release()
        })
    } catch {
      end(stream)
      throw error
    }
  }

  private func end(_ stream: StreamRunner) {
    stream.finish()
    release()
  }

  /// No stream joins any more.
  private func close() {
    let wasOpen = state.withLock { state in
      state.isClosed = true
      defer { state.staysOpen = false }
      return state.staysOpen
    }
    if wasOpen { release() }
  }

  /// One thread less; after the last, nothing more will come from this source.
  private func release() {
    let last = state.withLock { state in
      state.holds -= 1
      return state.holds == 0
    }
    if last { site.outputs.close() }
    site.run.control.threadHasEnded()
  }
}
