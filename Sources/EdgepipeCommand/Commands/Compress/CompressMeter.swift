import Detectors
import EdgepipeCompression
import EdgepipeMachine
import EdgepipeONNX
import Foundation
import Measure

/// Measures the models of a ladder on this machine and shows how far it is.
struct CompressMeter: LadderMeter {
  let engine: any InferenceEngine
  /// The library that child processes open as well.
  let library: String?
  let line: ProgressLine
  let interruption: Interruption
  let agreement: AgreementMeter
  /// Nil without ground truth.
  let precision: PrecisionMeter?
  /// Whether speed and memory are measured.
  let isBenchmark: Bool
  /// Turns of each model, where the user chose them.
  let rounds: Int?

  func begins(_ title: String) { line.start(title) }

  func accuracy(of candidate: CompressionCandidate) throws -> LadderAccuracy? {
    line.start("comparing detections")
    var result = LadderAccuracy(agreement: try agreement.measure(candidate) { line.show($0, of: $1) })
    guard let precision else { return result.agreement == nil ? nil : result }
    (result.ap, result.ap50) = try precision.measure(candidate, line: line, interruption: interruption)
    return result
  }

  func speeds(of candidates: [CompressionCandidate], rounds: Int) throws -> [ThroughputComparison.Figures]? {
    guard isBenchmark else { return nil }
    line.start("comparing speeds")
    let comparison = ThroughputComparison(
      try candidates.map {
        .init(name: $0.manifest.precision, model: try $0.model.serialized(), input: input(for: $0))
      }, engine: engine, sessions: MachineInfo.current.cores)
    return try comparison.run(rounds: self.rounds ?? rounds, seconds: 0.7) { line.show($0, of: $1) }
  }

  func memory(of candidate: CompressionCandidate) throws -> SessionMemory? {
    guard isBenchmark else { return nil }
    line.start("measuring memory")
    return try SessionMemoryCommand.measure(
      candidate.model.serialized(), shape: candidate.inputShape, element: candidate.manifest.input.element,
      library: library)
  }

  /// Speed and memory do not depend on the values.
  private func input(for candidate: CompressionCandidate) -> Tensor {
    Tensor.grey(shape: candidate.inputShape, element: candidate.manifest.input.element)
  }
}

extension PrecisionMeter {
  /// Shows how far it is, and leaves nothing behind when it is interrupted.
  func measure(
    _ candidate: CompressionCandidate, line: ProgressLine, interruption: Interruption
  ) throws -> (ap: Double, ap50: Double) {
    line.start("evaluating")
    return try measure(candidate) { make in
      // The run has links to pictures in a temporary folder.
      let run = try interruption.holding {
        let run = try make()
        interruption.watch { run.abandon() }
        return run
      }
      return (run, { interruption.watch(nil) })
    } progress: { done, all in
      line.show(done, of: all)
    }
  }
}
