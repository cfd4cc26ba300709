#if WebServer
  import AsyncHTTPClient
  import EdgepipeCore
  import NIOCore

  /// An address that gets the notice by POST; any answer of 200 to 299 is well.
  final class NoticeWebhook: NoticeWay {
    private let url: String
    private let client: HTTPClient

    init(_ url: String) {
      self.url = url
      var settings = HTTPClient.Configuration(timeout: .init(connect: .seconds(5), read: .seconds(5)))
      settings.redirectConfiguration = .disallow
      client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    }

    func send(_ text: String) throws(PipelineError) {
      let status: UInt
      do {
        let request = try HTTPClient.Request(
          url: url, method: .POST, headers: ["Content-Type": "application/json"], body: .string(text))
        status = try client.execute(request: request, deadline: .now() + .seconds(10)).wait().status.code
      } catch {
        throw PipelineError("\(URLRedaction.redact(url)) does not answer: \(error)", code: .unreachable)
      }
      guard (200..<300).contains(status) else {
        throw PipelineError("\(URLRedaction.redact(url)) answers with status \(status)", code: .unavailable)
      }
    }

    func close() { try? client.syncShutdown() }
  }
#endif
