#if WebServer
  import EdgepipeCore
  import Pipeline
  import Synchronization

  /// The picture streams that are watched now: those who watch the same one share it, so that it is encoded once.
  final class PictureFeeds: Sendable {
    /// Each takes a thread and a connection to its run.
    static let limit = 32

    private let feeds = Mutex<[PictureFeed.Request: PictureFeed]>([:])

    /// - Parameter hear: called by a thread of the stream; must not wait.
    /// - Returns: what ends the watching.
    /// - Throws: `unavailable` where too many are watched.
    func watch(
      _ request: PictureFeed.Request, _ hear: @escaping PictureFeed.Watcher
    ) throws(PipelineError) -> PictureFeed.Leave {
      try feeds.withLock { feeds throws(PipelineError) in
        feeds = feeds.filter { !$0.value.isOver }
        if let feed = feeds[request], let leave = feed.watch(hear) { return leave }
        guard feeds.count < Self.limit else {
          throw PipelineError(
            "\(Self.limit) streams are watched already", remedy: "close one, or try again later", code: .unavailable)
        }
        let feed = try PictureFeed(request)
        feeds[request] = feed
        guard let leave = feed.watch(hear) else { throw PipelineError("the stream has ended", code: .unavailable) }
        return leave
      }
    }
  }

  /// Pictures of one stream for all who watch it, while somebody does.
  final class PictureFeed: Sendable {
    struct Request: Sendable, Hashable {
      let socket: String
      let members: [String: ReportValue]
      let rate: Double
    }

    typealias Watcher = @Sendable (PictureNews) -> Void
    typealias Leave = @Sendable () -> Void

    private struct State {
      var watchers: [Int: Watcher] = [:]
      var next = 0
      /// Who comes later sees it at once.
      var last: LivePicture?
      var isOver = false
    }

    private static let lookMs = 500.0
    /// The last picture is sent again after so long without another one.
    private static let repeatMs = 5000.0

    private let state = Mutex(State())

    /// What the run refuses ends the feed.
    init(_ request: Request) throws(PipelineError) {
      let socket = request.socket
      var members = request.members
      members["topics"] = .list([.string("pictures")])
      members["every"] = .double(1 / request.rate)
      _ = try WorkerThread(name: "ep-pictures") { [self, members] in
        do {
          let client = try ControlClient(path: socket)
          _ = try client.ask("subscribe", members)
          read(client)
        } catch { end() }
      }
    }

    var isOver: Bool { state.withLock(\.isOver) }

    /// - Returns: what ends the watching; nil when the feed is over.
    func watch(_ hear: @escaping Watcher) -> Leave? {
      let (number, last) = state.withLock { state -> (Int?, LivePicture?) in
        if state.isOver { return (nil, nil) }
        state.watchers[state.next] = hear
        state.next += 1
        return (state.next - 1, state.last)
      }
      guard let number else { return nil }
      if let last { hear(.picture(last)) }
      return { [weak self] in self?.leave(number) }
    }

    private func leave(_ number: Int) { _ = state.withLock { $0.watchers.removeValue(forKey: number) } }

    private func read(_ client: ControlClient) {
      // The last picture goes out again now and then also without another one: so it is seen that a watcher has gone.
      var silentMs = 0.0
      while true {
        switch client.next(milliseconds: Self.lookMs) {
        case .message(.object(let members)):
          if members["event"] == .string("error") { return end() }
          guard let picture = LivePicture(members) else { break }
          silentMs = 0
          state.withLock { $0.last = picture }
          publish(.picture(picture))
        case .message: break
        case .nothing:
          silentMs += Self.lookMs
          if silentMs >= Self.repeatMs {
            silentMs = 0
            publish(state.withLock(\.last).map { .picture($0) } ?? .waiting)
          }
        case .ended: return end()
        }
        if state.withLock({ state in
          if state.watchers.isEmpty { state.isOver = true }
          return state.isOver
        }) {
          return
        }
      }
    }

    private func publish(_ news: PictureNews) {
      for hear in state.withLock({ Array($0.watchers.values) }) { hear(news) }
    }

    private func end() {
      let watchers = state.withLock { state in
        state.isOver = true
        return Array(state.watchers.values)
      }
      for hear in watchers { hear(.ended) }
    }
  }
#endif
