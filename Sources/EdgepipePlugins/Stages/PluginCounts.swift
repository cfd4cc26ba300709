import EdgepipeCore
import EdgepipePluginHost
package import Pipeline
import Synchronization

extension DropReason {
  /// A plugin wanted the frame to end with it, or was lost with it.
  package static let plugin = DropReason(rawValue: "plugin")
}

/// What went wrong with a stage's plugin, for the report. Any thread.
final class PluginCounts: Sendable {
  private let failures = Atomic<Int>(0)
  private let restarts = Atomic<Int>(0)

  /// What becomes of the frame.
  ///
  /// - Throws: what the frame or the pipeline fails with.
  func outcome(of failure: PluginFailure) throws(PipelineError) -> FrameOutcome {
    failures.add(1, ordering: .relaxed)
    if failure.isLoss || failure.consequence == .restartStage { restarts.add(1, ordering: .relaxed) }
    if failure.isLoss { return .drop(.plugin) }
    throw failure.error
  }

  func facts(_ start: PluginStart) -> [String: ReportValue] {
    [
      "plugin": .string(start.plugin.title), "isolation": .string(start.options.isolation.rawValue),
      "sha256": .string(start.plugin.manifest.sha256), "failures": .int(failures.load(ordering: .relaxed)),
      "restarts": .int(restarts.load(ordering: .relaxed)),
    ]
  }
}
