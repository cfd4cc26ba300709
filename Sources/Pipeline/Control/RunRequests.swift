package import EdgepipeCore
import Synchronization

/// What a stage can ask of the run that it is a part of: other values of stages' options, as `edgepipe ctl set` does. For
/// stages that take orders from outside.
package final class RunRequests: Sendable {
  /// The run owns its stages, and these have this object.
  private struct Weak { weak var runner: PipelineRunner? }
  private let state = Mutex(Weak())

  package init() {}

  func attach(_ runner: PipelineRunner) { state.withLock { $0.runner = runner } }

  private var actions: ControlActions {
    get throws(PipelineError) {
      guard let runner = state.withLock({ $0.runner }) else {
        throw PipelineError("the run is still starting", remedy: "try again in a moment", code: .unavailable)
      }
      return ControlActions(runner: runner, logger: runner.logger)
    }
  }

  /// - Parameter options: an object of new values in JSON.
  /// - Throws: ``PipelineError`` where the stage does not take them; nothing then changes.
  package func set(_ options: [UInt8], of stage: String) throws(PipelineError) -> OptionChange {
    try actions.set(options, of: stage)
  }

  /// Lets all stages that detect do so, or not.
  ///
  /// - Throws: ``PipelineError`` where there are none.
  package func setDetecting(_ isOn: Bool) throws(PipelineError) -> [OptionChange] {
    let actions = try actions
    let detecting = actions.runner.plan.detecting
    guard !detecting.isEmpty else {
      throw PipelineError(
        "no stage of this pipeline can be told to detect or not", remedy: "detect.yolo and detect.face can",
        code: .invalidArgument)
    }
    var changes: [OptionChange] = []
    for (stage, option) in detecting { changes.append(try actions.set(Array(#"{"\#(option)":\#(isOn)}"#.utf8), of: stage)) }
    return changes
  }

  /// Whether any stage detects now; nil where that cannot be told.
  package var isDetecting: Bool? {
    guard let runner = state.withLock({ $0.runner }), !runner.plan.detecting.isEmpty else { return nil }
    return runner.plan.detecting.contains { stage, option in
      runner.option(option, of: stage)?.bool ?? true
    }
  }
}

extension PipelinePlan {
  /// The stages that can be told to detect or not, each with the option that says so.
  fileprivate var detecting: [(stage: String, option: String)] {
    stages.compactMap { stage in
      stage.descriptor.schema.properties.first { $0.meaning == .isDetecting && $0.isChangeable }.map {
        (stage.id, $0.name)
      }
    }
  }
}
