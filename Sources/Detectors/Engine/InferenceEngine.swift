public import Foundation

/// What runs models. ONNX Runtime first; others come in behind this protocol.
public protocol InferenceEngine: Sendable {
  /// Name and version of the library really loaded, such as `onnxruntime 1.31.1`.
  var version: String { get }
  /// Opens a model for one worker; several sessions of one model may run side by side.
  ///
  /// - Throws: a ``PipelineError`` with the engine's reason when it refuses the model.
  func makeSession(model: Data, options: SessionOptions) throws -> any InferenceSession
}

public struct SessionOptions: Sendable, Hashable {
  /// Threads inside one operator; 1 attributes all CPU time to the worker that calls.
  public var threads: Int
  /// For error messages.
  public var modelName: String

  public init(threads: Int = 1, modelName: String) {
    self.threads = threads
    self.modelName = modelName
  }
}

/// The name, element type and shape of a model's input or output; nil marks a free dimension.
public struct TensorDescription: Sendable, Hashable {
  public var name: String
  public var element: TensorElement?
  public var shape: [Int?]

  public init(name: String, element: TensorElement?, shape: [Int?]) {
    self.name = name
    self.element = element
    self.shape = shape
  }
}

/// One opened model, used by one worker at a time.
public protocol InferenceSession: AnyObject {
  var inputs: [TensorDescription] { get }
  var outputs: [TensorDescription] { get }

  /// Runs the model on one input and lends its outputs, in the order of `outputs`, to `body`.
  func run<Result>(_ input: Tensor, _ body: (borrowing ModelOutputs) throws -> Result) throws -> Result
}

/// The outputs of one run: float32, row-major. Valid only while the closure that received them runs.
public struct ModelOutputs: ~Copyable {
  /// One output: its shape, and where its elements lie.
  @safe public struct Output {
    public let shape: [Int]
    public let values: UnsafeBufferPointer<Float>

    public init(shape: [Int], values: UnsafeBufferPointer<Float>) {
      self.shape = shape
      unsafe self.values = unsafe values
    }
  }

  public let outputs: [Output]

  public init(_ outputs: [Output]) { self.outputs = outputs }
}

extension TensorDescription {
  /// For messages: `'images' float32 [1, 3, ?, ?]`.
  var text: String {
    let sizes = shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ")
    return "'\(name)' \(element?.rawValue ?? "of another type") [\(sizes)]"
  }
}
