package import EdgepipeCore
package import Pipeline
import Stages

/// Sends results to a cluster of Kafka.
///
/// Input: frames with results; pixels only with `picture: "frame"`. Output: one record a result, in the topic that `topic`
/// makes of it, with the stream as its key, so that results of a stream stay in order, and the headers `id`, `kind`,
/// `pipeline`, `run` and `content-type`. Results wait in a spool on the disk until all replicas have them: see docs/sinks.md.
/// librdkafka (Debian: `librdkafka1`) is opened when the run begins.
/// Drops: nothing but what the spool gives up, which is counted.
/// Trade-off: the producer is idempotent, so that its own repetitions leave no duplicates; what is sent again after an
/// outage or by the next run may be there twice, with the same `id`.
///
/// ```json
/// { "id": "kafka", "type": "sink.kafka", "after": ["zones"], "config": { "brokers": ["kafka.local:9093"],
///   "topic": "site.{kind}", "options": { "security.protocol": "sasl_ssl", "sasl.mechanism": "SCRAM-SHA-512",
///   "sasl.username": "edgepipe", "sasl.password": "${KAFKA_PASSWORD}" } } }
/// ```
package final class KafkaSink: HealthObserver {
  package struct Configuration: StageConfiguration {
    static let compressionWords = ["none", "gzip", "snappy", "lz4", "zstd"]

    package var brokers: [String] = []
    package var topic = "edgepipe.{pipeline}"
    package var compression = "none"
    var options = KafkaOptions()
    var selection = ResultSelection(what: [.events])
    var sending = SendingSettings()

    package static let options: [ConfigurationOption<Self>] =
      [
        .init(
          "brokers", \.brokers, .list(.string, count: 1...100), required: true,
          "Some brokers of the cluster, each as HOST:PORT."),
        .init(
          "topic", \.topic, .string,
          "The topic of a result; {stream}, {kind}, {label}, {zone}, {stage} and {pipeline} are replaced."),
        .init("compression", \.compression, .word(compressionWords), "How batches of records are compressed."),
        .init(
          "options", \.options, .anyObject,
          "Options of librdkafka, such as `security.protocol`, `sasl.mechanism` and `ssl.ca.location`, with texts as values."
        ),
      ] + ResultSelection.declared([.events, .tracks, .frames, .health]).map { $0.of(\.selection) }
      + SendingSettings.options.map { $0.of(\.sending) }

    package init() {}

    package init(brokers: [String]) { self.brokers = brokers }
  }

  package static let type = "sink.kafka"
  package static let summary = "Sends results to a Kafka cluster."
  package static let role = StageRole.sink
  package static let needsImage = true

  private let outlet: Outlet

  package init(_ configuration: Configuration, context: StageContext) throws {
    let template = try TopicTemplate(configuration.topic, .kafka, option: "topic")
    let settings = try KafkaSettings(configuration, context)
    outlet = try Outlet(
      Outlet.Plan(
        configuration.selection, configuration.sending, shape: TopicShape(template: template),
        receiver: "Kafka at \(settings.brokers)"
      ) {
        let library = try KafkaLibrary.shared()
        // Options that the library does not take end the run before it has begun.
        _ = try KafkaProducer(library, settings)
        return { KafkaSender(library, settings, clock: context.clock) }
      }, context: context)
  }

  package var interface: StageInterface { outlet.interface }
  package func files(for streams: [String]) -> [FileUse] { outlet.files }
  package func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker { try outlet.makeWorker(worker) }
  package var tips: [StageTip] { outlet.tips }
  package var facts: [String: ReportValue] { outlet.facts }
}

/// What stands in `options`: texts by name; numbers and truth values are taken for their texts.
struct KafkaOptions: Codable, Sendable, Hashable {
  var values: [String: String] = [:]

  init() {}

  private struct Value: Decodable {
    let text: String?

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let text = try? value.decode(String.self) {
        self.text = text
      } else if let flag = try? value.decode(Bool.self) {
        text = flag ? "true" : "false"
      } else if let number = try? value.decode(Int.self) {
        text = "\(number)"
      } else {
        text = (try? value.decode(Double.self)).map { "\($0)" }
      }
    }
  }

  /// A value that is neither has the empty text, which ``KafkaSettings`` refuses.
  init(from decoder: any Decoder) throws {
    values = try decoder.singleValueContainer().decode([String: Value].self).mapValues { $0.text ?? "" }
  }

  func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    try value.encode(values)
  }
}

extension KafkaSettings {
  init(_ configuration: KafkaSink.Configuration, _ context: StageContext) throws(PipelineError) {
    func refuse(_ what: String, _ remedy: String) -> PipelineError {
      PipelineError(what, remedy: remedy, code: .invalidConfiguration)
    }
    for broker in configuration.brokers {
      let isPlain = !broker.isEmpty && broker.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") }
      if !isPlain || broker.contains("@") || broker.contains("://") {
        throw refuse("\(Quoted.text(broker)) is no broker", "write each as HOST:PORT")
      }
    }
    for (name, value) in configuration.options.values {
      if Self.ownOptions.contains(name) {
        throw refuse("the option \(Quoted.text(name)) is the sink's own", "leave it out of 'options'")
      }
      if value.isEmpty {
        throw refuse("the option \(Quoted.text(name)) needs a text", "write it as \"\(name)\": \"value\"")
      }
    }
    self.init(
      brokers: configuration.brokers.joined(separator: ","), clientID: "edgepipe-\(context.pipeline)-\(context.id)",
      compression: configuration.compression, pipeline: context.pipeline, options: configuration.options.values,
      patienceS: configuration.sending.timeoutS)
  }
}
