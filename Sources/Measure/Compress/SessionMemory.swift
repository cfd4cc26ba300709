package import Detectors
import EdgepipeCore
package import Foundation

/// What one session of a model adds to a process's memory: opening it and running it a few times.
package struct SessionMemory: Sendable, Hashable, Codable {
  /// The most on top of what was held before, in megabytes of 2^20 bytes: the model is read, planned and run.
  package var peakMB: Double
  /// What is held on top once it runs.
  package var residentMB: Double

  init(peakMB: Double, residentMB: Double) { (self.peakMB, self.residentMB) = (peakMB, residentMB) }

  /// Measures in this process, which should have done nothing else: what was freed before would be used again and not
  /// be counted.
  ///
  /// - Throws: ``PipelineError``: `unavailable` where the system does not tell the memory, or from the engine.
  package static func measure(model: Data, input: Tensor, engine: any InferenceEngine) throws -> SessionMemory {
    // What loading the library takes is the engine's, not the model's; opening a session does that as well.
    guard PeakMemory.reset(), let before = PeakMemory() else {
      throw PipelineError("the system does not report the memory of a process", code: .unavailable)
    }
    let session = try engine.makeSession(model: model, options: SessionOptions(modelName: "model"))
    for _ in 0..<3 { try session.run(input) { _ in } }
    guard let after = PeakMemory() else {
      throw PipelineError("the system does not report the memory of a process", code: .unavailable)
    }
    return SessionMemory(
      peakMB: max(0, after.peakMB - before.residentMB), residentMB: max(0, after.residentMB - before.residentMB))
  }
}
