import EdgepipeCore
import Foundation
import NIOCore
import Synchronization
import Testing

@testable import EdgepipeService

@Suite("The picture stream of a page")
struct PictureStreamTests {
  /// Streams that a test lets come, show pictures and go.
  private final class Cameras: Sendable {
    struct State {
      var there: Set<StreamName> = []
      var watchers: [StreamName: PictureFeed.Watcher] = [:]
      var left: [StreamName] = []
    }
    let state = Mutex(State())

    init(_ names: [StreamName]) { state.withLock { $0.there = Set(names) } }

    func stream(_ names: [StreamName], max: Int? = nil) -> PictureStream {
      PictureStream(
        names: names, max: max, isThere: { name in self.state.withLock { $0.there.contains(name) } },
        begin: { name, hear in
          self.state.withLock { $0.watchers[name] = hear }
          hear(.picture(PictureStreamTests.picture(0)))
          return { self.state.withLock { $0.left.append(name) } }
        })
    }

    func show(_ frame: Int, of name: StreamName) {
      state.withLock { $0.watchers[name] }?(.picture(PictureStreamTests.picture(frame)))
    }
  }

  private static let a = StreamName(pipeline: "yard", stream: "gate"),
    b = StreamName(pipeline: "yard", stream: "back-door_2")

  private static func picture(_ frame: Int) -> LivePicture {
    LivePicture([
      "jpeg": .string(Data("frame \(frame)".utf8).base64EncodedString()), "frame": .int(frame), "width": .int(640),
      "height": .int(360), "source_width": .int(1920), "source_height": .int(1080),
      "captured_at": .string("2026-01-01T00:00:00.000Z"),
    ])!
  }

  @Test("given two streams, when watched, then each part names its stream and says how long it is and how large")
  func form() async throws {
    var text = ""
    try await Cameras([Self.a, Self.b]).stream([Self.a, Self.b], max: 2).write { text += String(buffer: $0) }
    #expect(
      text.contains(
        "--edgepipe\r\nContent-Type: image/jpeg\r\nContent-Length: 7\r\nEdgepipe-Pipeline: yard\r\nEdgepipe-Stream: gate\r\n"
          + "Edgepipe-Frame: 0\r\nEdgepipe-Captured-At: 2026-01-01T00:00:00.000Z\r\nEdgepipe-Size: 640x360\r\n"
          + "Edgepipe-Source-Size: 1920x1080\r\n\r\nframe 0\r\n"))
    #expect(text.contains("Edgepipe-Stream: back-door_2\r\n"))
  }

  @Test("given a reader that takes nothing for a while, when it goes on, then it gets the newest picture alone")
  func slow() async throws {
    let cameras = Cameras([Self.a])
    var frames: [Substring] = []
    try await cameras.stream([Self.a], max: 3).write { part in
      let text = String(buffer: part)
      if let frame = text.firstMatch(of: #/frame (\d+)/#)?.1 { frames.append(frame) }
      // Many come while the first one is written; nothing piles up.
      if frames.count == 1 { for frame in 1...100 { cameras.show(frame, of: Self.a) } }
      if frames.count == 2 { cameras.show(101, of: Self.a) }
    }
    #expect(frames == ["0", "100", "101"])
  }

  @Test("given a busy stream beside a quiet one, when read slowly, then both take turns")
  func turns() {
    let multiplexer = PictureMultiplexer()
    for frame in 0..<3 { multiplexer.put(.picture(Self.picture(frame)), of: Self.a) }
    multiplexer.put(.waiting, of: Self.b)
    multiplexer.put(.picture(Self.picture(3)), of: Self.a)
    #expect(multiplexer.take()?.name == Self.a)
    multiplexer.put(.picture(Self.picture(4)), of: Self.a)
    #expect(multiplexer.take()?.name == Self.b)
    #expect(multiplexer.take()?.name == Self.a && multiplexer.take() == nil)
  }

  @Test("given a stream that goes and comes back, when watched, then it is told once, and shown again")
  func away() async throws {
    let cameras = Cameras([Self.a])
    var parts: [String] = []
    try await cameras.stream([Self.a], max: 2).write { part in
      let text = String(buffer: part)
      if text == "\r\n" { return }
      let isGone = text.contains("Edgepipe-State: ended\r\n") && text.contains("Content-Length: 0\r\n")
      parts.append(isGone ? "gone" : "picture")
      if isGone {
        cameras.state.withLock { _ = $0.there.insert(Self.a) }
      } else {
        cameras.state.withLock { $0.there = [] }
      }
    }
    #expect(parts == ["picture", "gone", "picture"])
    #expect(cameras.state.withLock(\.left) == [Self.a, Self.a], "nobody watches any more")
  }

  @Test("given a list of streams in an address, when read, then each counts once, and what is none is refused")
  func names() {
    #expect(StreamName.list("yard/gate,yard/back-door_2,yard/gate") == [Self.a, Self.b])
    for text in ["", "yard", "yard/", "/gate", "yard/gate,", "a/b/c", "yard/a b", "yard/ü", "a\r\n/b", "../b"] {
      #expect(StreamName.list(text) == nil, "\(text)")
    }
  }
}
