/// One opened model, used by one worker at a time.
public protocol InferenceSession: AnyObject {
  var inputs: [TensorDescription] { get }
  var outputs: [TensorDescription] { get }
  /// Ends a run that takes too long; nil where the engine cannot.
  var stop: (any InferenceStop)? { get }

  /// Runs the model on one input and lends its outputs, in the order of `outputs`, to `body`.
  func run<Result>(_ input: Tensor, _ body: (borrowing ModelOutputs) throws -> Result) throws -> Result
}

extension InferenceSession {
  public var stop: (any InferenceStop)? { nil }
}
