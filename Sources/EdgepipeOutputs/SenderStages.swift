package import Pipeline

extension StageRegistry {
  /// The sinks that send results to other systems. A new one costs one file, one test file and one line here.
  package mutating func registerSenders() {
    register(HTTPSink.self)
    register(SQLiteSink.self)
    register(KafkaSink.self)
    register(MQTTSink.self)
  }
}
