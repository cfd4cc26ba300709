public import Detectors
public import Pipeline

/// A stage that runs a model on the tensors of a preprocessing stage.
public protocol TensorConsumer: Stage {
  var inputRequest: InputRequest { get }
  /// The sizes of the tensors that it has had so far, the smallest first.
  var inputSizes: [InputSize] { get }
}

extension TensorConsumer {
  public var inputSizes: [InputSize] { [] }
}

/// The size of an input tensor in pixels.
public struct InputSize: Sendable, Hashable {
  public let width: Int
  public let height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  var area: Int { width * height }
}

extension ModelInput: FrameAttachment {}
