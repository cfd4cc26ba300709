package import EdgepipeCore
import Foundation
package import Pipeline
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
package final class HTTPSink: HealthObserver {
  package struct Configuration: StageConfiguration {
    static let formatWords = ["array", "lines"]
    static let methodWords = ["POST", "PUT"]

    package var url = ""
    package var method = "POST"
    package var format = "array"
    package var body: String?
    package var contentType: String?
    package var headers: [String] = []
    package var secret: String?
    package var ca: String?
    package var certificate: String?
    package var key: String?
    var selection = ResultSelection(what: [.events])
    var sending = SendingSettings()

    package static let options: [ConfigurationOption<Self>] =
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
      ] + ResultSelection.declared([.events, .tracks, .frames, .health]).map { $0.of(\.selection) }
      + SendingSettings.options.map { $0.of(\.sending) }

    package init() {}

    package init(url: String) { self.url = url }
  }

  package static let type = "sink.http"
  package static let summary = "Sends results to a web address (webhook)."
  package static let role = StageRole.sink
  package static let needsImage = true

  private let configuration: Configuration
  private let outlet: Outlet

  package init(_ configuration: Configuration, context: StageContext) throws {
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

  package var interface: StageInterface { outlet.interface }

  package func files(for streams: [String]) -> [FileUse] {
    outlet.files
      + [
        (configuration.ca, "the authorities"), (configuration.certificate, "the certificate"),
        (configuration.key, "the private key"),
      ].compactMap { path, what in path.map { .reads($0, as: what) } }
  }

  package func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker { try outlet.makeWorker(worker) }

  package var tips: [StageTip] { outlet.tips }

  package var facts: [String: ReportValue] { outlet.facts }
}

/// One object a result, or what the template makes of it.
struct HTTPShape: ItemShape {
  let template: BodyTemplate?

  init(_ configuration: HTTPSink.Configuration) throws(PipelineError) {
    template = try configuration.body.map { text throws(PipelineError) in try BodyTemplate(text) }
  }

  func body(_ line: [UInt8], _ facts: ItemFacts) -> [UInt8] { template?.fill(line, facts) ?? line }
}
