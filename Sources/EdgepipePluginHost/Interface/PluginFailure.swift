package import EdgepipeCore

/// Why a call of an instance came to nothing.
package struct PluginFailure: Error, Sendable, CustomStringConvertible {
  /// What follows.
  package enum Consequence: UInt32, Sendable {
    /// The frame is lost.
    case skipFrame = 2
    /// The frame is lost, and the instance is made again.
    case restartStage = 3
    case stopPipeline = 4
  }

  package var consequence: Consequence
  /// A sentence.
  package var message: String
  package var remedy: String?
  package var code: PipelineError.Code
  /// The frame went with the plugin's process, which is started again by itself or is given up: it counts as dropped for
  /// `plugin`, and its end has been told.
  package var isLoss = false

  package init(
    _ consequence: Consequence, _ message: String, remedy: String? = nil, code: PipelineError.Code = .internalFault
  ) {
    self.consequence = consequence
    self.message = message
    self.remedy = remedy
    self.code = code
  }

  package var description: String { message + (remedy.map { "; \($0)" } ?? "") }

  /// The same for the graph, which knows no restart: the stage makes it.
  package var error: PipelineError {
    PipelineError(
      message, remedy: remedy, consequence: consequence == .stopPipeline ? .stopPipeline : .skipFrame, code: code)
  }
}
