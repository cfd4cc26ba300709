import EdgepipeCore

/// The way to a cluster of Kafka: an idempotent producer, whose records are taken once all replicas have them.
final class KafkaSender: ResultSender {
  /// How long a run that ends waits for acknowledgements of what is on its way.
  private static let farewellS = 1.0
  /// How long it waits for one broker at least once all are down.
  private static let downS = 3.0

  private let library: KafkaLibrary
  private let settings: KafkaSettings
  private let clock: any PipelineClock
  private var producer: KafkaProducer?

  init(_ library: KafkaLibrary, _ settings: KafkaSettings, clock: any PipelineClock) {
    (self.library, self.settings, self.clock) = (library, settings, clock)
  }

  func send(_ items: [OutgoingItem], isStopping: @Sendable () -> Bool) -> SendResult {
    let producer: KafkaProducer
    do throws(PipelineError) { producer = try current() } catch {
      return SendResult(accepted: 0, obstacle: .unreachable(error.message))
    }
    var progress = BatchProgress(count: items.count)
    var next = 0
    var deadline = clock.now().advanced(byMilliseconds: settings.patienceS * 1000)
    var stopBy: MonotonicTime?
    while true {
      if let failure = produce(items, from: &next, producer, &progress, isStopping) { return giveUp(progress, failure) }
      if progress.outstanding == 0, next == items.count || progress.refusal != nil || isStopping() { break }
      producer.poll(milliseconds: 100)
      let before = progress.accepted
      noteReports(producer, &progress)
      if let failure = producer.inbox.failure { return giveUp(progress, failure) }
      let now = clock.now()
      if producer.inbox.takeAllDown() { deadline = min(deadline, now.advanced(byMilliseconds: Self.downS * 1000)) }
      if progress.accepted > before { deadline = now.advanced(byMilliseconds: settings.patienceS * 1000) }
      if isStopping(), stopBy == nil { stopBy = now.advanced(byMilliseconds: Self.farewellS * 1000) }
      if now >= min(deadline, stopBy ?? deadline) { return giveUp(progress, "it does not acknowledge what it is sent") }
    }
    // A record that was given up may have been taken by the cluster: the next one comes from a producer without a past.
    if progress.delay != nil { self.producer = nil }
    return progress.result()
  }

  private func current() throws(PipelineError) -> KafkaProducer {
    if let producer, producer.inbox.failure == nil {
      // What went wrong while there was nothing to send is no reason for haste.
      _ = producer.inbox.takeAllDown()
      return producer
    }
    let made = try KafkaProducer(library, settings)
    producer = made
    return made
  }

  /// - Returns: why the producer takes nothing at all; nil where that is not so.
  private func produce(
    _ items: [OutgoingItem], from next: inout Int, _ producer: KafkaProducer, _ progress: inout BatchProgress,
    _ isStopping: () -> Bool
  ) -> String? {
    while next < items.count, progress.refusal == nil, progress.delay == nil, !isStopping() {
      let code = producer.produce(items[next], index: next)
      // There is room again once reports have come.
      if code == KafkaError.queueFull, progress.outstanding > 0 { return nil }
      if code != 0 {
        // What is the matter with the producer says nothing about the record.
        guard KafkaError.isRefusal(code) else { return library.text(of: code) }
        progress.noteRefused(next, library.text(of: code), wasSent: false)
        return nil
      }
      progress.noteSent()
      next += 1
    }
    return nil
  }

  private func noteReports(_ producer: KafkaProducer, _ progress: inout BatchProgress) {
    for (index, code) in producer.inbox.takeReports() {
      if code == 0 {
        progress.noteTaken(index)
      } else if KafkaError.isRefusal(code) {
        progress.noteRefused(index, library.text(of: code))
      } else {
        progress.noteDelayed(library.text(of: code))
      }
    }
  }

  private func giveUp(_ progress: BatchProgress, _ reason: String) -> SendResult {
    let words = producer?.inbox.lastWords
    producer = nil
    let detail = words.map { $0 == reason ? reason : "\(reason) (\($0))" } ?? reason
    return progress.result(unreachable: "Kafka at \(settings.brokers): \(detail)")
  }

  /// Errors of connections that nobody uses are taken now and then.
  var idleMs: Double? { 5000 }

  func idle() { producer?.poll(milliseconds: 0) }

  func close() { producer = nil }
}
