import AsyncHTTPClient
import EdgepipeCore
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends batches to a web address. What the answer says of them:
///
/// | answer | what follows |
/// |---|---|
/// | 2xx | the receiver has them |
/// | 400, 409, 413, 415, 422 | it refuses the batch: results go out singly, until the one that it refuses is found |
/// | 429, 503 with Retry-After | they are sent again after that time |
/// | any other, or none | they are sent again later, until they are taken |
final class HTTPSender: ResultSender {
  private static let refusals: Set<UInt> = [400, 409, 413, 415, 422]
  /// What is kept of an answer, for the log.
  private static let answerBytes = 4096

  private let target: HTTPTarget
  private let clock: any PipelineClock
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let client: HTTPClient

  init(_ target: HTTPTarget, tls: TLSConfiguration?, clock: any PipelineClock) {
    self.target = target
    self.clock = clock
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow,
      timeout: .init(connect: .milliseconds(Int64(target.timeoutS * 1000))))
    configuration.httpVersion = .http1Only
    client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
  }

  func send(_ items: [OutgoingItem], isStopping: @Sendable () -> Bool) -> SendResult {
    if target.joins != .single {
      let result = attempt(items, isStopping)
      // With one item the answer is about that item.
      guard case .refused = result.obstacle, items.count > 1 else { return result }
    }
    for (index, item) in items.enumerated() {
      let result = attempt([item], isStopping)
      if result.obstacle != nil { return SendResult(accepted: index, obstacle: result.obstacle) }
    }
    return SendResult(accepted: items.count)
  }

  func close() {
    try? client.syncShutdown()
    try? group.syncShutdownGracefully()
  }

  private func attempt(_ items: [OutgoingItem], _ isStopping: @Sendable () -> Bool) -> SendResult {
    let answer: HTTPClient.Response
    do { answer = try execute(try request(items), isStopping) } catch {
      return SendResult(accepted: 0, obstacle: .unreachable(Self.reason(error)))
    }
    let status = answer.status
    if (200..<300).contains(status.code) { return SendResult(accepted: items.count) }
    let said = "it answers \(status.code) \(status.reasonPhrase)\(Self.text(answer))"
    if Self.refusals.contains(status.code) { return SendResult(accepted: 0, obstacle: .refused(said)) }
    let wait = answer.headers.first(name: "retry-after").flatMap {
      RetryAfter.seconds($0, now: Date(timeIntervalSince1970: Double(clock.wallTime().nanoseconds) / 1e9))
    }
    return SendResult(accepted: 0, obstacle: .unreachable(said, retryAfterS: wait))
  }

  private func request(_ items: [OutgoingItem]) throws -> HTTPClient.Request {
    let body = target.joins.join(items), seconds = clock.wallTime().nanoseconds / 1_000_000_000
    // The same for the same results, whichever attempt it is.
    let id = items.count == 1 ? items[0].id : "\(items[0].id)+\(items.count - 1)"
    var headers = HTTPHeaders()
    headers.add(name: "content-type", value: target.contentType)
    headers.add(name: "user-agent", value: "edgepipe")
    headers.add(name: "webhook-id", value: HeaderText.escaped(id))
    headers.add(name: "webhook-timestamp", value: "\(seconds)")
    if let signature = target.signature {
      let signed = signature.sign(id: HeaderText.escaped(id), seconds: seconds, body: body)
      headers.add(name: "webhook-signature", value: signed)
    }
    for header in target.headers { headers.replaceOrAdd(name: header.name, value: header.value) }
    return try HTTPClient.Request(
      url: target.url, method: .RAW(value: target.method), headers: headers, body: .bytes(body))
  }

  private func execute(
    _ request: HTTPClient.Request, _ isStopping: @Sendable () -> Bool
  ) throws -> HTTPClient.Response {
    let task = client.execute(
      request: request, delegate: ResponseAccumulator(request: request, maxBodySize: 1 << 20),
      deadline: .now() + .milliseconds(Int64(target.timeoutS * 1000)))
    let outcome = Monitor<Result<HTTPClient.Response, any Error>?>(nil)
    task.futureResult.whenComplete { result in outcome.change { $0 = result } }
    while true {
      let limit = SystemClock().now().advanced(byMilliseconds: 100)
      if let result = outcome.wait(until: limit, for: { $0 }) { return try result.get() }
      if isStopping() { task.cancel() }
    }
  }

  private static func text(_ answer: HTTPClient.Response) -> String {
    guard let bytes = answer.body?.readableBytesView.prefix(200), !bytes.isEmpty else { return "" }
    return ": " + Quoted.text(String(decoding: bytes, as: UTF8.self))
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case let error as HTTPClientError where error == .connectTimeout || error == .deadlineExceeded:
      "no answer came in time"
    case let error as HTTPClientError: error.shortDescription
    default: "\(error)"
    }
  }
}

/// What may stand in a header: everything but visible ASCII is written as `%` and its code.
enum HeaderText {
  static func escaped(_ text: String) -> String {
    PercentEncoding.text(text) { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "%") }
  }
}
