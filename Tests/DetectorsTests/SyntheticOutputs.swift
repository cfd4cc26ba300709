@testable import EdgepipeCore

@testable import Detectors

/// One model output made by a test: a shape and its elements.
struct SyntheticOutput {
  var shape: [Int]
  var values: [Float]

  init(_ shape: [Int], fill: Float = 0) {
    self.shape = shape
    values = [Float](repeating: fill, count: shape.reduce(1, *))
  }

  /// The element at an index of as many numbers as the shape has.
  subscript(_ index: Int...) -> Float {
    get { values[offset(index)] }
    set { values[offset(index)] = newValue }
  }

  private func offset(_ index: [Int]) -> Int {
    zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }
  }
}

/// Lends outputs as a session would.
func lend<Result>(
  _ outputs: [SyntheticOutput], _ body: (borrowing ModelOutputs) throws -> Result
) rethrows -> Result {
  let buffers = unsafe outputs.map { output in
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: output.values.count)
    // SAFETY: the buffer holds as many elements as are copied, and is freed below, after its last use.
    _ = unsafe buffer.initialize(from: output.values)
    return unsafe buffer
  }
  defer { unsafe buffers.forEach { unsafe $0.deallocate() } }
  let lent = unsafe zip(outputs, buffers).map { output, buffer in
    unsafe ModelOutputs.Output(shape: output.shape, values: UnsafeBufferPointer(buffer))
  }
  return try body(ModelOutputs(lent))
}

/// What a head finds in outputs that a test made.
func decode(
  _ head: some Head, _ outputs: [SyntheticOutput], width: Int = 32, height: Int = 32, threshold: Float = 0.3,
  classCount: Int = 1, wanted: [Int]? = nil
) throws -> Candidates {
  var found = Candidates()
  try lend(outputs) { (lent: borrowing ModelOutputs) in
    try head.decode(
      lent,
      DecodeRequest(
        inputWidth: width, inputHeight: height, threshold: threshold,
        classes: ClassFilter(classCount: classCount, wanted: wanted)),
      into: &found)
  }
  return found
}

/// A session that gives the same outputs for every picture.
final class SyntheticSession: InferenceSession {
  let inputs: [TensorDescription] = [TensorDescription(name: "images", element: .float32, shape: [1, 3, nil, nil])]
  let outputs: [TensorDescription]
  private let tensors: [SyntheticOutput]

  init(_ tensors: [SyntheticOutput]) {
    self.tensors = tensors
    outputs = tensors.indices.map {
      TensorDescription(name: "\($0)", element: .float32, shape: tensors[$0].shape.map { $0 })
    }
  }

  func run<Result>(_ input: Tensor, _ body: (borrowing ModelOutputs) throws -> Result) throws -> Result {
    try lend(tensors, body)
  }
}

extension ModelManifest {
  static func test(
    _ head: Head, classes: [String] = ["face"], anchors: [AnchorMap]? = nil, size: Int = 32
  ) -> ModelManifest {
    ModelManifest(
      name: "test", head: head, input: head.defaultInput, inputSize: size, classes: classes, anchors: anchors,
      file: "test.onnx", sha256: "", licence: "none", origin: "a test")
  }
}

/// A picture that fills its tensor exactly: source pixels are input pixels.
func identityInput(width: Int, height: Int, format: InputFormat, tensor: Tensor? = nil) -> ModelInput {
  let request = InputRequest(
    format: format, shape: .fixed(height: height, width: width), nominalSize: max(width, height))
  return ModelInput(
    tensor: tensor ?? zeros(shape: [1, 3, height, width]),
    geometry: LetterboxGeometry(sourceWidth: width, sourceHeight: height, request: request))
}

/// A pool's memory is undefined: it may hold NaN, and NaN times 0 is not 0.
func zeros(shape: [Int], element: TensorElement = .float32) -> Tensor {
  let tensor = Tensor(shape: shape, element: element, pool: BufferPool())
  // SAFETY: every byte of the tensor's own buffer is set; zero is a value of both element types.
  _ = unsafe tensor.buffer.withBytes { unsafe $0.initializeMemory(as: UInt8.self, repeating: 0) }
  return tensor
}
