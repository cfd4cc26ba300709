#if WebServer
  import EdgepipeCore
  import Foundation
  import NIOCore
  import Pipeline
  import Synchronization

  /// The picture streams that are watched now: those who watch the same one share it, so that it is encoded once.
  final class PictureFeeds: Sendable {
    /// Each takes a thread and a connection to its run.
    static let limit = 32

    private let feeds = Mutex<[PictureFeed.Request: PictureFeed]>([:])

    /// - Throws: `unavailable` where too many are watched.
    func watch(_ request: PictureFeed.Request) throws(PipelineError) -> PictureFeed.Watch {
      try feeds.withLock { feeds throws(PipelineError) in
        feeds = feeds.filter { !$0.value.isOver }
        if let feed = feeds[request], let watch = feed.watch() { return watch }
        guard feeds.count < Self.limit else {
          throw PipelineError(
            "\(Self.limit) streams are watched already", remedy: "close one, or try again later", code: .unavailable)
        }
        let feed = try PictureFeed(request)
        feeds[request] = feed
        guard let watch = feed.watch() else { throw PipelineError("the stream has ended", code: .unavailable) }
        return watch
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

    struct Watch: Sendable {
      /// Parts of a multipart body. Who is slow misses pictures.
      let pictures: AsyncStream<ByteBuffer>
      let end: @Sendable () -> Void
    }

    private struct State {
      var watchers: [Int: AsyncStream<ByteBuffer>.Continuation] = [:]
      var next = 0
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

    /// - Returns: nil when it is over.
    func watch() -> Watch? {
      let (pictures, continuation) = AsyncStream<ByteBuffer>.makeStream(bufferingPolicy: .bufferingNewest(1))
      return state.withLock { state in
        if state.isOver { return nil }
        let number = state.next
        state.next += 1
        state.watchers[number] = continuation
        let leave: @Sendable () -> Void = { [weak self] in self?.leave(number) }
        continuation.onTermination = { _ in leave() }
        return Watch(pictures: pictures, end: leave)
      }
    }

    private func leave(_ number: Int) { _ = state.withLock { $0.watchers.removeValue(forKey: number) } }

    private func read(_ client: ControlClient) {
      // Something goes out now and then also without a picture: so it is seen that a watcher has gone.
      var last = ByteBuffer(string: "\r\n"), silentMs = 0.0
      while true {
        switch client.next(milliseconds: Self.lookMs) {
        case .message(.object(let members)):
          if members["event"] == .string("error") { return end() }
          guard let part = Self.part(members) else { break }
          (last, silentMs) = (part, 0)
          publish(part)
        case .message: break
        case .nothing:
          silentMs += Self.lookMs
          if silentMs >= Self.repeatMs {
            silentMs = 0
            publish(last)
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

    private func publish(_ part: ByteBuffer) {
      for continuation in state.withLock({ Array($0.watchers.values) }) { continuation.yield(part) }
    }

    private func end() {
      let watchers = state.withLock { state in
        state.isOver = true
        return Array(state.watchers.values)
      }
      for continuation in watchers { continuation.finish() }
    }

    private static func part(_ members: [String: ReportValue]) -> ByteBuffer? {
      guard case .string(let text)? = members["jpeg"], let jpeg = Data(base64Encoded: text) else { return nil }
      var part = ByteBuffer(
        string: "--edgepipe\r\nContent-Type: image/jpeg\r\nContent-Length: \(jpeg.count)\r\n\r\n")
      part.writeBytes(jpeg)
      part.writeString("\r\n")
      return part
    }
  }
#endif
