import COnnxRuntime
import EdgepipeCore
import Foundation

/// One opened model: one picture in, float32 tensors out. Outputs in half precision are widened.
@safe final class ONNXRuntimeSession: InferenceSession {
  let inputs: [TensorDescription]
  let outputs: [TensorDescription]

  private let library: ONNXRuntimeLibrary
  private let handle: ONNXRuntimeSessionHandle
  private let memory: ONNXRuntimeMemoryInfo
  private let runOptions: ONNXRuntimeRunOptions
  private let modelName: String
  private let inputNames: CStringList
  private let outputNames: CStringList
  private let inputElement: Int32
  /// For outputs in half precision, by index.
  private var widened: [Int: HalfFloats]
  /// The outputs of the run under way, one slot each; null between runs.
  // SAFETY: allocated in init for `outputs.count` slots, used by one thread at a time, freed in deinit.
  private let results: UnsafeMutablePointer<OpaquePointer?>

  init(_ environment: ONNXRuntimeEnvironment, model: Data, options: SessionOptions) throws {
    let library = environment.library
    self.library = library
    modelName = options.modelName
    do {
      let sessionOptions = try ONNXRuntimeSessionOptions(library)
      try sessionOptions.configure(threads: options.threads)
      if let operators = environment.operators { try sessionOptions.add(operators) }
      // Kernels of ours use one thread.
      let isAlone = options.threads == 1 && environment.operators != nil
      let fused = isAlone ? KernelFusion.fused(model) : nil
      handle = try ONNXRuntimeSessionHandle(environment, model: fused ?? model, options: sessionOptions)
      memory = try ONNXRuntimeMemoryInfo(library)
      runOptions = try ONNXRuntimeRunOptions(library)
      inputs = try library.describe(.input, of: handle).map(TensorDescription.init)
      outputs = try library.describe(.output, of: handle).map(TensorDescription.init)
    } catch let failure as ONNXRuntimeFailure {
      if environment.operators == nil, failure.message.contains(ONNXRuntimeOperators.domain) {
        throw PipelineError(
          "the model '\(options.modelName)' has operators of edgepipe, which ONNX Runtime \(library.version) cannot run",
          remedy: "use ONNX Runtime 1.\(ONNXRuntimeOperators.oldestVersion) or newer (scripts/setup fetches one)",
          code: .unavailable)
      }
      throw PipelineError(
        "ONNX Runtime \(library.version) rejects the model '\(options.modelName)': \(failure.reason)",
        remedy: failure.remedy, code: .unsupported)
    }
    inputElement = try Self.checkedInput(inputs, outputs: outputs, modelName: options.modelName)
    widened = [:]
    for (index, output) in outputs.enumerated() where output.element == .float16 { widened[index] = HalfFloats() }
    inputNames = CStringList(inputs.map(\.name))
    outputNames = CStringList(outputs.map(\.name))
    unsafe results = .allocate(capacity: max(1, outputs.count))
    unsafe results.initialize(repeating: nil, count: max(1, outputs.count))
  }

  deinit { unsafe results.deallocate() }

  var stop: (any InferenceStop)? { runOptions }

  func run<Result>(_ input: Tensor, _ body: (borrowing ModelOutputs) throws -> Result) throws -> Result {
    try checkShape(of: input)
    do {
      return try unsafe input.buffer.withBytes { bytes in
        // SAFETY: `bytes` outlives `value`, which is a view of it; the library only reads inputs.
        let value = try unsafe ONNXRuntimeValue(
          library, over: bytes, shape: input.shape.map(Int64.init), element: inputElement, memory: memory)
        return try unsafe run(value.pointer, body)
      }
    } catch let failure as ONNXRuntimeFailure {
      throw PipelineError(
        "ONNX Runtime cannot run the model '\(modelName)' on an input of \(input.shape): \(failure.reason)",
        code: .unsupported)
    }
  }

  private func run<Result>(
    _ input: OpaquePointer, _ body: (borrowing ModelOutputs) throws -> Result
  ) throws -> Result {
    defer {
      for index in outputs.indices {
        // SAFETY: each non-null slot owns one value of this run; its memory is not lent beyond `body`.
        if let value = unsafe results[index] { unsafe library.api.pointee.ReleaseValue(value) }
        unsafe results[index] = nil
      }
    }
    var input: OpaquePointer? = unsafe input
    // SAFETY: names and slots have the counts given; a null slot lets the library allocate that output.
    try unsafe library.check(
      library.api.pointee.Run(
        handle.pointer, runOptions.pointer, inputNames.pointers, &input, 1, outputNames.pointers, outputNames.count,
        results))
    var lent: [ModelOutputs.Output] = []
    lent.reserveCapacity(outputs.count)
    for index in outputs.indices {
      let value = try unsafe library.owned(results[index])
      let info = try unsafe ONNXRuntimeShapeInfo(library, of: value)
      guard try info.element() == outputs[index].element?.onnxNumber else {
        throw ONNXRuntimeFailure(
          code: 1, message: "output '\(outputs[index].name)' is not of the type that it declares")
      }
      let shape = try info.shape()
      var data: UnsafeMutableRawPointer?
      try unsafe library.check(library.api.pointee.GetTensorMutableData(value, &data))
      let count = shape.reduce(1, *)
      if let widened = widened[index] {
        // SAFETY: the value holds `count` half floats, as its own shape and type say; they are copied.
        let halves = unsafe UnsafeBufferPointer(
          start: data?.bindMemory(to: UInt16.self, capacity: count), count: data == nil ? 0 : count)
        unsafe lent.append(.init(shape: shape, values: widened.widen(halves)))
        continue
      }
      // SAFETY: the value holds `count` floats, as its own shape and type say, until it is released above.
      let start = unsafe data?.bindMemory(to: Float.self, capacity: count)
      let values = unsafe UnsafeBufferPointer(start: start, count: start == nil ? 0 : count)
      unsafe lent.append(.init(shape: shape, values: values))
    }
    return try body(ModelOutputs(lent))
  }

  private func checkShape(of input: Tensor) throws {
    let declared = inputs[0]
    let fits =
      declared.element == input.element && (declared.shape.isEmpty || declared.shape.count == input.shape.count)
      && zip(declared.shape, input.shape).allSatisfy { $0 == nil || $0 == $1 }
    guard fits else {
      throw PipelineError(
        "the model '\(modelName)' takes \(declared.text), but was given \(input.element.rawValue) \(input.shape)",
        code: .internalFault)
    }
  }

  /// Refuses what the stages cannot feed or read; returns the library's number of the input's element type.
  private static func checkedInput(
    _ inputs: [TensorDescription], outputs: [TensorDescription], modelName: String
  ) throws -> Int32 {
    func refuse(_ reason: String) -> PipelineError {
      PipelineError("cannot use the model '\(modelName)': \(reason)", code: .unsupported)
    }
    do {
      let input = try PictureInput(inputs, model: modelName)
      guard !outputs.isEmpty else { throw refuse("it has no outputs") }
      if let odd = outputs.first(where: { $0.element != .float32 && $0.element != .float16 }) {
        throw refuse("its output '\(odd.name)' is neither float32 nor float16")
      }
      return input.element.onnxNumber
    } catch var error as PipelineError {
      error.code = .unsupported
      throw error
    }
  }
}
