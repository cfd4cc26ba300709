import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// An answer to one request, as far as it was wanted.
struct HTTPAnswer: Sendable {
  let head: HTTPResponseHead
  /// Of errors only the beginning.
  let body: ByteBuffer
  let sentBytes: Int
  let receivedBytes: Int
}

/// Collects one answer, and stops reading as soon as it is too long.
final class AnswerCollector: HTTPClientResponseDelegate {
  typealias Response = HTTPAnswer

  /// What is kept of an answer that says no.
  static let errorBytes = 4096
  /// Memory is taken on a server's word up to here; beyond, as bytes come.
  private static let trustedBytes = 8 << 20

  /// Carries what has come so far out of a request that is ended because the rest does not matter.
  struct CutShort: Error {
    let answer: HTTPAnswer
  }

  private struct State {
    var sentBytes = 0
    var head: HTTPResponseHead?
    var body = ByteBuffer()
    var receivedBytes = 0
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) { self.limit = limit }

  /// Whether something of the request may have reached the server.
  var hasBegun: Bool { state.withLock { $0.sentBytes > 0 } }
  var hasAnswer: Bool { state.withLock { $0.head != nil } }

  func didSendRequestHead(task: HTTPClient.Task<HTTPAnswer>, _ head: HTTPRequestHead) {
    let line = head.method.rawValue.utf8.count + head.uri.utf8.count + 14
    state.withLock { $0.sentBytes += line + Self.byteCount(head.headers) }
  }

  func didSendRequestPart(task: HTTPClient.Task<HTTPAnswer>, _ part: IOData) {
    state.withLock { $0.sentBytes += part.readableBytes }
  }

  func didReceiveHead(task: HTTPClient.Task<HTTPAnswer>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
    let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
    if head.status.isSuccess, announced > limit { return task.eventLoop.makeFailedFuture(tooLong(announced)) }
    state.withLock { state in
      state.head = head
      state.receivedBytes = head.status.reasonPhrase.utf8.count + 17 + Self.byteCount(head.headers)
      state.body.reserveCapacity(head.status.isSuccess ? min(announced, Self.trustedBytes) : 0)
    }
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didReceiveBodyPart(task: HTTPClient.Task<HTTPAnswer>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
    let failure: (any Error)? = state.withLock { state in
      let isSuccess = state.head?.status.isSuccess ?? false
      state.receivedBytes += buffer.readableBytes
      guard isSuccess else {
        var part = buffer
        let room = max(0, Self.errorBytes - state.body.readableBytes)
        if var kept = part.readSlice(length: min(part.readableBytes, room)) { state.body.writeBuffer(&kept) }
        return state.body.readableBytes >= Self.errorBytes ? Self.answer(state).map(CutShort.init) : nil
      }
      guard state.body.readableBytes + buffer.readableBytes <= limit else {
        return tooLong(state.body.readableBytes + buffer.readableBytes)
      }
      var part = buffer
      state.body.writeBuffer(&part)
      return nil
    }
    return failure.map { task.eventLoop.makeFailedFuture($0) } ?? task.eventLoop.makeSucceededVoidFuture()
  }

  func didFinishRequest(task: HTTPClient.Task<HTTPAnswer>) throws -> HTTPAnswer {
    guard let answer = state.withLock({ Self.answer($0) }) else {
      throw RemoteFailure(.malformed, "the answer has no head")
    }
    return answer
  }

  private static func answer(_ state: State) -> HTTPAnswer? {
    state.head.map {
      HTTPAnswer(head: $0, body: state.body, sentBytes: state.sentBytes, receivedBytes: state.receivedBytes)
    }
  }

  private func tooLong(_ bytes: Int) -> RemoteFailure {
    RemoteFailure(.malformed, "the answer has \(bytes) bytes or more, and \(limit) are read at most")
  }

  private static func byteCount(_ headers: HTTPHeaders) -> Int {
    headers.reduce(2) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
  }
}

extension HTTPResponseStatus {
  var isSuccess: Bool { (200..<300).contains(code) }
}
