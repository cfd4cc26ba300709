#if WebServer
  import EdgepipeCore
  import NIOCore

  /// The pictures of many streams as one body, for a page that may keep few connections open.
  ///
  /// It goes on while a stream is away, such as when its pipeline starts again, and takes it up when it is back.
  struct PictureStream: Sendable {
    /// How often it is looked for streams that have come or gone.
    private static let look = Duration.milliseconds(500)
    /// A stream that ended by itself is tried again after so long.
    private static let pause = Duration.seconds(2)
    /// Something goes out after so long, also without a picture: so it is seen that the reader has gone.
    private static let silence = Duration.seconds(5)

    let names: [StreamName]
    /// Ends after so many pictures.
    let max: Int?
    /// Whether a stream has pictures now.
    let isThere: @Sendable (StreamName) -> Bool
    /// Begins to watch a stream and gives what ends that; nil where there is no room for it.
    let begin: @Sendable (StreamName, @escaping PictureFeed.Watcher) -> PictureFeed.Leave?

    func write(_ send: (ByteBuffer) async throws -> Void) async throws {
      if max == 0 { return }
      let clock = ContinuousClock(), multiplexer = PictureMultiplexer()
      let ticks = Task {
        while !Task.isCancelled {
          multiplexer.wake()
          try? await Task.sleep(for: Self.look)
        }
      }
      var watched = WatchedStreams(names, multiplexer)
      defer {
        ticks.cancel()
        watched.leaveAll()
      }
      var sent = 0, nextLook = clock.now, lastWrite = clock.now
      for await _ in multiplexer.wakes {
        if clock.now >= nextLook {
          nextLook = clock.now + Self.look
          watched.look(isThere, begin, now: clock.now)
        }
        while let (name, news) = multiplexer.take() {
          if case .ended = news { watched.end(name, until: clock.now + Self.pause) }
          guard let part = part(news, of: name) else { continue }
          try await send(part)
          lastWrite = clock.now
          if case .picture = news { sent += 1 }
          if let max, sent >= max { return }
        }
        if clock.now - lastWrite >= Self.silence {
          try await send(ByteBuffer(string: "\r\n"))
          lastWrite = clock.now
        }
      }
    }

    private func part(_ news: PictureNews, of name: StreamName) -> ByteBuffer? {
      let fields = "Edgepipe-Pipeline: \(name.pipeline)\r\nEdgepipe-Stream: \(name.stream)\r\n"
      switch news {
      case .picture(let picture):
        return picture.part(
          fields + "Edgepipe-Frame: \(picture.frame)\r\nEdgepipe-Captured-At: \(picture.capturedAt)\r\n"
            + "Edgepipe-Size: \(picture.size)\r\nEdgepipe-Source-Size: \(picture.sourceSize)\r\n")
      case .ended: return LivePicture.part("Content-Length: 0\r\n" + fields + "Edgepipe-State: ended\r\n")
      case .waiting: return nil
      }
    }
  }

  /// The streams of one reader, and which of them are watched now.
  private struct WatchedStreams {
    private let names: [StreamName]
    private let multiplexer: PictureMultiplexer
    private var leaves: [StreamName: PictureFeed.Leave] = [:]
    private var pauses: [StreamName: ContinuousClock.Instant] = [:]
    /// The reader knows of these that they are away.
    private var gone: Set<StreamName> = []

    init(_ names: [StreamName], _ multiplexer: PictureMultiplexer) {
      (self.names, self.multiplexer) = (names, multiplexer)
    }

    /// Takes up the streams that have come, and lets go of those that have gone.
    mutating func look(
      _ isThere: (StreamName) -> Bool, _ begin: (StreamName, @escaping PictureFeed.Watcher) -> PictureFeed.Leave?,
      now: ContinuousClock.Instant
    ) {
      for name in names {
        if !isThere(name) {
          pauses[name] = nil
          tellGone(name)
        } else if leaves[name] == nil, pauses[name].map({ $0 <= now }) ?? true {
          leaves[name] = begin(name) { [multiplexer] in multiplexer.put($0, of: name) }
          if leaves[name] == nil { tellGone(name) } else { gone.remove(name) }
        }
      }
    }

    /// Once for each time.
    private mutating func tellGone(_ name: StreamName) {
      if gone.contains(name) { return }
      leaves.removeValue(forKey: name)?()
      gone.insert(name)
      multiplexer.put(.ended, of: name)
    }

    /// The reader is told that a stream has ended.
    mutating func end(_ name: StreamName, until pause: ContinuousClock.Instant) {
      // What was told by ``tellGone(_:)`` comes here as well.
      if leaves.removeValue(forKey: name) != nil { pauses[name] = pause }
      gone.insert(name)
    }

    mutating func leaveAll() {
      for leave in leaves.values { leave() }
      leaves = [:]
    }
  }

  extension StreamName {
    /// `PIPELINE/STREAM,...`: names of plain letters, as all are.
    ///
    /// - Returns: nil where it is no such list.
    static func list(_ text: String) -> [StreamName]? {
      var names: [StreamName] = []
      for item in text.split(separator: ",", omittingEmptySubsequences: false) {
        let parts = item.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, (try? ServicePlan.check(parts[0])) != nil, (try? ServicePlan.check(parts[1])) != nil
        else {
          return nil
        }
        let name = StreamName(pipeline: parts[0], stream: parts[1])
        if !names.contains(name) { names.append(name) }
      }
      return names
    }
  }
#endif
