package import EdgepipeCore
import Foundation

/// The quickest work on a frame that a short run showed.
package struct TuneGlance: Sendable, Hashable {
  /// Of the stage that is tuned, in milliseconds.
  var serviceMs: Double
  /// Of the stage with the most work among those that tuning does not change.
  var other: Part?

  struct Part: Sendable, Hashable {
    var stage: String
    var serviceMs: Double

    init(stage: String, serviceMs: Double) {
      self.stage = stage
      self.serviceMs = serviceMs
    }
  }

  init(serviceMs: Double, other: Part? = nil) {
    self.serviceMs = serviceMs
    self.other = other
  }
}

/// Why no setting can keep the deadline: work on one frame takes longer by itself, at its quickest.
package enum TuneObstacle: Sendable, Hashable {
  /// A stage that tuning does not change.
  case other(stage: String, serviceMs: Double)
  /// The tuned stage, with the choice that was quickest.
  case tuned(TuneChoice, serviceMs: Double)
}

extension TuneObstacle {
  /// What a person is told.
  package func error(detector: String, deadlineMs: Double) -> PipelineError {
    func ms(_ value: Double) -> String { String(format: value < 1 ? "%.3f ms" : "%.1f ms", value) }
    let limit = "no setting of '\(detector)' meets a deadline of \(deadlineMs) ms: "
    switch self {
    case .other(let stage, let serviceMs):
      return PipelineError(
        limit + "the stage '\(stage)', which is not tuned, needs at least \(ms(serviceMs)) per frame",
        remedy: "allow a --deadline well above that, or reduce the work of that stage", code: .unattainable)
    case .tuned(let choice, let serviceMs):
      let shape = choice.shape.filter { $0 != "\"" }
      return PipelineError(
        limit
          + "the fastest, \(choice.model) at \(shape) with "
          + "\(choice.threads == 1 ? "one thread" : "\(choice.threads) threads"), needs \(ms(serviceMs)) per frame",
        remedy: "allow a --deadline well above that, install a smaller model, or lower --floor", code: .unattainable)
    }
  }
}

extension TuneSearch {
  /// From this interval on the frames that are looked at are less than 5 % and may all be late.
  private static let harmlessInterval = 20

  /// Looks for one setting that could keep the deadline, the small inputs first. A frame's latency is never less than
  /// the work of one stage on it, so where even the quickest work of all takes longer, trials are of no use.
  ///
  /// - Returns: nil as soon as one setting might do, or where nothing can be said.
  func findObstacle(_ inputs: [(model: String, shape: String, accuracy: Double?)]) throws -> TuneObstacle? {
    guard limits.maximumInterval < Self.harmlessInterval else { return nil }
    var best: (choice: TuneChoice, serviceMs: Double)?
    for input in inputs.reversed() where isWithinFloor(input.accuracy) {
      var single: Double?
      for threads in Set([1, limits.cores]).sorted() {
        // Threads never divide the time by more than their number.
        if let single, single / Double(threads) > limits.deadlineMs { continue }
        let choice = TuneChoice(
          model: input.model, shape: input.shape, workers: 1, threads: threads, interval: 1, accuracy: input.accuracy)
        guard let seen = try glance(choice) else { continue }
        if let other = seen.other, other.serviceMs > limits.deadlineMs {
          return .other(stage: other.stage, serviceMs: other.serviceMs)
        }
        if seen.serviceMs <= limits.deadlineMs { return nil }
        single = single ?? seen.serviceMs
        if seen.serviceMs < best?.serviceMs ?? .infinity { best = (choice, seen.serviceMs) }
      }
    }
    return best.map { .tuned($0.choice, serviceMs: $0.serviceMs) }
  }

  private func isWithinFloor(_ accuracy: Double?) -> Bool {
    guard let floor = limits.floor else { return true }
    return accuracy.map { $0 >= floor } ?? false
  }
}
