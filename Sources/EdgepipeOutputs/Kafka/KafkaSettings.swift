import EdgepipeCore

/// How a cluster is reached, and what is said of each record.
struct KafkaSettings: Sendable {
  /// `host:port`, with commas between several.
  var brokers: String
  var clientID: String
  var compression = "none"
  var pipeline: String
  /// Handed on to librdkafka: SASL, TLS and what else it has.
  var options: [String: String] = [:]

  /// The cluster has so long to acknowledge the next item.
  var patienceS = 10.0

  /// What the sink itself says, and its promises rest on.
  static let ownOptions: Set<String> = [
    "bootstrap.servers", "metadata.broker.list", "client.id", "compression.type", "compression.codec",
    "enable.idempotence", "acks", "request.required.acks", "max.in.flight", "max.in.flight.requests.per.connection",
    "retries", "message.send.max.retries", "message.timeout.ms", "delivery.timeout.ms", "transactional.id",
    "enable.gapless.guarantee", "delivery.report.only.error", "partitioner", "topic.metadata.propagation.max.ms",
    "log_level", "debug",
  ]

  /// In the order in which they are set: those of the sink last.
  var properties: [(name: String, value: String)] {
    options.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } + [
      ("bootstrap.servers", brokers), ("client.id", clientID), ("compression.type", compression),
      ("enable.idempotence", "true"), ("acks", "all"),
      // Whoever gives an item up is this program, and never the library.
      ("message.timeout.ms", "0"),
      // A topic that a cluster makes when it is first written to is there by then.
      ("topic.metadata.propagation.max.ms", "5000"),
    ]
  }
}
