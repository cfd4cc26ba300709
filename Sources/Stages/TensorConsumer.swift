public import Detectors
public import Pipeline

/// A stage that runs a model on the tensors of a preprocessing stage.
public protocol TensorConsumer: Stage {
  var inputRequest: InputRequest { get }
}

extension ModelInput: FrameAttachment {}
