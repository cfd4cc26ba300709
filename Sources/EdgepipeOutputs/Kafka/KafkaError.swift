/// Error codes of librdkafka and of Kafka's protocol that are answered differently from others.
enum KafkaError {
  /// All brokers are down, as far as is known.
  static let allBrokersDown: Int32 = -187
  static let queueFull: Int32 = -184
  static let authentication: Int32 = -169
  static let tls: Int32 = -181
  static let fatal: Int32 = -150

  /// What is wrong with the record itself, or with its topic: other records are taken meanwhile.
  private static let refusals: Set<Int32> = [
    -190,  // unknown partition
    -188,  // unknown topic
    2,  // invalid record
    3,  // unknown topic or partition
    10,  // too large
    17,  // not a valid topic
    18,  // larger than the server's batches
    29,  // topic authorization failed
    32,  // invalid timestamp
    44,  // violates a policy
    87,  // invalid record
  ]

  static func isRefusal(_ code: Int32) -> Bool { refusals.contains(code) }

  /// Nothing comes of waiting.
  static func endsAttempt(_ code: Int32) -> Bool { code == authentication || code == tls || code == fatal }
}
