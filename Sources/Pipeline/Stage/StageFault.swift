public import EdgepipeCore

/// What is wrong with one stage of a pipeline, and where in its configuration.
public struct StageFault: Sendable {
  /// Names the stage.
  public let error: PipelineError
  /// The value at fault in the stage's `config`, such as `zones[1].labels[0]`, where it is known.
  public let key: String?

  public init(_ error: PipelineError, key: String? = nil) {
    self.error = error
    self.key = key
  }
}

/// Why a pipeline could not be made: everything, so that one look at the errors is enough.
public struct StageBuildErrors: Error, Sendable {
  public let faults: [StageFault]
  /// How many more were found.
  public let omitted: Int

  init(_ faults: [StageFault], omitted: Int = 0) {
    self.faults = faults
    self.omitted = omitted
  }

  init(errors: [PipelineError]) { self.init(errors.map { StageFault($0) }) }

  public var errors: [PipelineError] { faults.map(\.error) }
}

extension PipelineError {
  /// `error` as a pipeline error that happened in `stage`; anything unknown is a fault of ours.
  init(_ error: any Error, stage: String) {
    self = error as? PipelineError ?? PipelineError("\(error)", code: .internalFault)
    self.stage = self.stage ?? stage
  }
}
