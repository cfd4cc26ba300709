public import EdgepipeCore
import Foundation
public import Pipeline
import Stages

/// Sends results to a web address, in batches, and again until they are taken.
///
/// Input: frames with results; pixels only with `picture: "frame"`. Output: requests whose body is a JSON array of results
/// (or one object a line, or what `body` makes of each), each result with an `id`, so that a receiver can remove
/// duplicates. Results wait in a spool on the disk: see docs/sinks.md.
/// Drops: nothing but what the spool gives up, which is counted.
/// Trade-off: at least once and in order; a receiver that is away costs room on the disk, not frames.
///
/// ```json
/// { "id": "hook", "type": "sink.http", "after": ["zones"], "config": { "url": "https://example.org/events",
///   "secret": "${WEBHOOK_SECRET}" } }
/// ```
public final class HTTPSink: HealthObserver {
  public struct Configuration: StageConfiguration {
    static let formatWords = ["array", "lines"]
    static let methodWords = ["POST", "PUT"]

    public var url = ""
    public var method = "POST"
    public var format = "array"
    public var body: String?
    public var contentType: String?
    public var headers: [String] = []
    public var secret: String?
    public var ca: String?
    public var certificate: String?
    public var key: String?
    var selection = ResultSelection(what: [.events])
    var sending = SendingSettings()

    public static let options: [ConfigurationOption<Self>] =
      [
        .init(
          "url", \.url, .string, required: true, "Where results are sent: https://, or http:// without protection."),
        .init("method", \.method, .word(methodWords), "The request's method."),
        .init("format", \.format, .word(formatWords), "A batch as one JSON array, or as one object a line."),
        .init(
          "body", \.body, .string,
          "A template for the body, with one result a request: `{label}` and other keys of the result are replaced, `{json}` by "
            + "all of it."),
        .init("contentType", \.contentType, .string, "The body's media type; by default that of the format."),
        .init(
          "headers", \.headers, .list(.string, count: 1...100),
          "Further headers, each as `Name: value`; values of secrets come from the environment: `Authorization: Bearer ${TOKEN}`."
        ),
        .init(
          "secret", \.secret, .string,
          "Signs each request as the Standard Webhooks do: HMAC-SHA256, in `webhook-signature`."),
        .init("ca", \.ca, .string, "A PEM file of the authorities that are trusted in place of the system's."),
        .init("certificate", \.certificate, .string, "A PEM file of the client's certificate."),
        .init("key", \.key, .string, "A PEM file of the client's private key."),
      ] + ResultSelection.declared([.events, .frames, .health]).map { $0.of(\.selection) }
      + SendingSettings.options.map { $0.of(\.sending) }

    public init() {}

    public init(url: String) { self.url = url }
  }

  public static let type = "sink.http"
  public static let summary = "Sends results to a web address (webhook)."
  public static let role = StageRole.sink
  public static let needsImage = true

  private let configuration: Configuration
  private let outlet: Outlet

  public init(_ configuration: Configuration, context: StageContext) throws {
    self.configuration = configuration
    let target = try HTTPTarget(configuration)
    outlet = try Outlet(
      Outlet.Plan(
        configuration.selection, configuration.sending, shape: try HTTPShape(configuration), receiver: target.shown
      ) {
        let tls = try target.tls()
        return { HTTPSender(target, tls: tls, clock: context.clock) }
      }, context: context)
  }

  public var interface: StageInterface { outlet.interface }

  public func files(for streams: [String]) -> [FileUse] {
    outlet.files
      + [
        (configuration.ca, "the authorities"), (configuration.certificate, "the certificate"),
        (configuration.key, "the private key"),
      ].compactMap { path, what in path.map { .reads($0, as: what) } }
  }

  public func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker { try outlet.makeWorker(worker) }

  public var tips: [StageTip] { outlet.tips }

  public var facts: [String: ReportValue] { outlet.facts }
}

/// One object a result, or what the template makes of it.
struct HTTPShape: ItemShape {
  let template: BodyTemplate?

  init(_ configuration: HTTPSink.Configuration) throws(PipelineError) {
    template = try configuration.body.map { text throws(PipelineError) in try BodyTemplate(text) }
  }

  func body(_ line: [UInt8], _ facts: ItemFacts) -> [UInt8] { template?.fill(line, facts) ?? line }
}
