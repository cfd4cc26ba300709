#if WebServer
  import Synchronization

  /// One stream of one pipeline.
  struct StreamName: Sendable, Hashable {
    let pipeline: String
    let stream: String
  }

  /// The news of many streams for one reader, who takes them one after the other when it can.
  ///
  /// Of each stream the newest waits and nothing else: who is slow gets fewer pictures, and never old ones. Streams take
  /// turns, so that none is left out.
  final class PictureMultiplexer: Sendable {
    private struct State {
      var waiting: [StreamName: PictureNews] = [:]
      /// Those that wait, the longest first.
      var order: [StreamName] = []
    }

    private let state = Mutex(State())
    private let signal: AsyncStream<Void>
    private let signaller: AsyncStream<Void>.Continuation

    init() { (signal, signaller) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Something to look at has come; or it is time to look.
    var wakes: AsyncStream<Void> { signal }
    func wake() { signaller.yield() }
    func finish() { signaller.finish() }

    func put(_ news: PictureNews, of name: StreamName) {
      state.withLock { if $0.waiting.updateValue(news, forKey: name) == nil { $0.order.append(name) } }
      wake()
    }

    func take() -> (name: StreamName, news: PictureNews)? {
      state.withLock { state in
        guard !state.order.isEmpty else { return nil }
        let name = state.order.removeFirst()
        return state.waiting.removeValue(forKey: name).map { (name, $0) }
      }
    }
  }
#endif
