/// An operator of ours inside ONNX Runtime: what a node of a model calls by name.
///
/// The library makes one kernel for each node when it opens a model and runs it from one thread at a time within a
/// session. Inputs and outputs are dense, row-major tensors; there is one output.
protocol OperatorKernel: AnyObject, SendableMetatype {
  /// The operator's name within the domain ``ONNXRuntimeOperators/domain``.
  static var name: String { get }
  /// The element types of its inputs, all of which are required.
  static var inputs: [OperatorElement] { get }
  /// True when the last of the inputs stands for any number of the same element type.
  static var isVariadic: Bool { get }
  static var output: OperatorElement { get }
  /// True when an element of the output depends on nothing but the same element of the first input, so that both may
  /// lie in the same memory.
  static var worksInPlace: Bool { get }

  /// - Throws: an ``ONNXRuntimeFailure`` that says which attribute is wrong.
  init(_ attributes: OperatorAttributes) throws

  /// Reads the inputs, asks for the output by its shape and fills it.
  ///
  /// - Throws: an ``ONNXRuntimeFailure``, which ends the run and reaches the caller of the session.
  func compute(_ call: OperatorCall) throws
}

/// What the elements of inputs and outputs may be, by ONNX's numbers.
enum OperatorElement: Int32 {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case int32 = 6
}

extension OperatorKernel {
  static var isVariadic: Bool { false }
}
