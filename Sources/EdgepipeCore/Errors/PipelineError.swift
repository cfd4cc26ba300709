/// What follows from an error.
public enum ErrorConsequence: String, Sendable {
  /// This frame is lost; the stage goes on.
  case skipFrame
  /// This stream is lost; the others go on. For sources.
  case endStream
  /// The run ends; everything in flight is drained and what was written stays.
  case stopPipeline
}

/// An error that says what was attempted, what was at fault, and what to do next.
public struct PipelineError: Error, Sendable, CustomStringConvertible {
  /// What was attempted and what went wrong, naming the value at fault: `cannot open 'a.mp4': no such file`.
  public var message: String
  /// What to do next, or nil when there is nothing to add.
  public var remedy: String?
  /// The stage in which it happened, filled in by the runner.
  public var stage: String?
  public var consequence: ErrorConsequence
  /// What kind of fault it is, for programs; people read the message.
  public var code: Code

  public init(
    _ message: String, remedy: String? = nil, stage: String? = nil,
    consequence: ErrorConsequence = .stopPipeline, code: Code
  ) {
    self.message = message
    self.remedy = remedy
    self.stage = stage
    self.consequence = consequence
    self.code = code
  }

  /// What the command exits with for this error.
  public var exit: ExitStatus { code.exit }

  public var description: String {
    let place = stage.map { "\($0): " } ?? ""
    return place + message + (remedy.map { "; \($0)" } ?? "")
  }
}

extension PipelineError {
  /// The same error for a text that says by itself where it happened.
  package var withoutStage: PipelineError {
    var error = self
    error.stage = nil
    return error
  }

  /// The same error without what is secret in `url`, which it may quote.
  package func scrubbed(of url: String) -> PipelineError {
    var error = self
    error.message = URLRedaction.scrub(message, of: url)
    error.remedy = remedy.map { URLRedaction.scrub($0, of: url) }
    return error
  }
}
