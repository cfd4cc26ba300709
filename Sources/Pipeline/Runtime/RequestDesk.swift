import EdgepipeCore
import Synchronization

/// Hands what stages ask to the run that they are a part of, once there is one.
final class RequestDesk: RunRequests {
  /// The run owns its stages, and these have this object.
  private struct Weak { weak var runner: PipelineRunner? }
  private let state = Mutex(Weak())

  func attach(_ runner: PipelineRunner) { state.withLock { $0.runner = runner } }

  private var ready: PipelineRunner {
    get throws(PipelineError) {
      // Until then a stage does not know all of its workers.
      guard let runner = state.withLock({ $0.runner }), runner.isReady else {
        throw PipelineError("the run is still starting", remedy: "try again in a moment", code: .unavailable)
      }
      return runner
    }
  }

  package func set(_ options: [UInt8], of stage: String) throws(PipelineError) -> OptionChange {
    try ready.changeOptions(of: stage, json: options)
  }

  package func setDetecting(_ isOn: Bool) throws(PipelineError) -> [OptionChange] {
    let runner = try ready, detecting = runner.plan.detecting
    guard !detecting.isEmpty else {
      throw PipelineError(
        "no stage of this pipeline can be told to detect or not", remedy: "detect.yolo and detect.face can",
        code: .invalidArgument)
    }
    var changes: [OptionChange] = []
    for (stage, option) in detecting {
      changes.append(try runner.changeOptions(of: stage, json: Array(#"{"\#(option)":\#(isOn)}"#.utf8)))
    }
    return changes
  }

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
