import COnnxRuntime
import EdgepipeCore
import EdgepipeONNX
package import Foundation

/// One opened graph with inputs and outputs of any number and of every type but text.
@safe final class ONNXRuntimeGraphSession: GraphSession {
  let inputs: [GraphTensorDescription]
  let outputs: [GraphTensorDescription]

  private let library: ONNXRuntimeLibrary
  private let handle: ONNXRuntimeSessionHandle
  private let memory: ONNXRuntimeMemoryInfo
  private let modelName: String
  private let inputNames: CStringList
  private let outputNames: CStringList

  init(_ environment: ONNXRuntimeEnvironment, model: Data, options: SessionOptions) throws {
    library = environment.library
    modelName = options.modelName
    do {
      let sessionOptions = try ONNXRuntimeSessionOptions(library)
      try sessionOptions.configure(threads: options.threads)
      if let operators = environment.operators { try sessionOptions.add(operators) }
      // As where a whole model is opened: the parts must compute with the same kernels.
      let isAlone = options.threads == 1 && environment.operators != nil
      let fused = isAlone ? KernelFusion.fused(model) : nil
      handle = try ONNXRuntimeSessionHandle(environment, model: fused ?? model, options: sessionOptions)
      memory = try ONNXRuntimeMemoryInfo(library)
      inputs = try library.describe(.input, of: handle)
      outputs = try library.describe(.output, of: handle)
    } catch let failure as ONNXRuntimeFailure {
      throw PipelineError(
        "ONNX Runtime \(library.version) rejects '\(options.modelName)': \(failure.reason)", remedy: failure.remedy,
        code: .unsupported)
    }
    inputNames = CStringList(inputs.map(\.name))
    outputNames = CStringList(outputs.map(\.name))
  }

  func run(_ tensors: [GraphTensor]) throws -> [GraphTensor] {
    let known = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let given = try inputs.map { input in
      guard let tensor = known[input.name] else { throw missing(input.name) }
      guard tensor.element == input.element else { throw mismatched(tensor, input) }
      return tensor
    }
    do {
      return try unsafe feed(given, [])
    } catch let failure as ONNXRuntimeFailure {
      let shapes = given.map { "'\($0.name)' \($0.shape)" }.joined(separator: ", ")
      throw PipelineError(
        "ONNX Runtime cannot run '\(modelName)' on \(shapes): \(failure.reason)", code: .unsupported)
    }
  }

  /// Makes values of the tensors, one after the other, and runs with all of them.
  private func feed(_ given: [GraphTensor], _ values: [OpaquePointer?]) throws -> [GraphTensor] {
    let index = unsafe values.count
    guard index < given.count else { return try unsafe run(values) }
    let tensor = given[index]
    // An array of nothing has no address.
    var bytes = tensor.bytes.isEmpty ? [0] : tensor.bytes
    return try unsafe bytes.withUnsafeMutableBytes { bytes in
      // SAFETY: `bytes` outlives `value`, which is a view of it; the library only reads inputs.
      let value = try unsafe ONNXRuntimeValue(
        library, over: bytes, shape: tensor.shape.map(Int64.init), element: tensor.element, memory: memory)
      return try unsafe feed(given, values + [value.pointer])
    }
  }

  private func run(_ values: [OpaquePointer?]) throws -> [GraphTensor] {
    var results = unsafe [OpaquePointer?](repeating: nil, count: outputs.count)
    defer {
      for index in outputs.indices {
        // SAFETY: each slot that is not null owns one value of this run.
        if let value = unsafe results[index] { unsafe library.api.pointee.ReleaseValue(value) }
      }
    }
    // SAFETY: names, values and slots have the counts given; a null slot lets the library allocate that output.
    try unsafe library.check(
      library.api.pointee.Run(
        handle.pointer, nil, inputNames.pointers, values, values.count, outputNames.pointers, outputNames.count,
        &results))
    return try outputs.indices.map { try unsafe read(library.owned(results[$0]), named: outputs[$0].name) }
  }

  private func read(_ value: OpaquePointer, named name: String) throws -> GraphTensor {
    let info = try unsafe ONNXRuntimeShapeInfo(library, of: value)
    let shape = try info.shape(), element = try info.element()
    guard let bits = OnnxElement.bits(element) else {
      throw PipelineError(
        "the tensor '\(name)' of '\(modelName)' has elements of type \(element), which cannot be passed on",
        code: .unsupported)
    }
    let count = (shape.reduce(1, *) * bits + 7) / 8
    guard count > 0 else { return GraphTensor(name: name, element: element, shape: shape, bytes: []) }
    let data = try unsafe library.data(of: value)
    // SAFETY: the value holds as many elements as its own shape says; they are copied.
    return GraphTensor(
      name: name, element: element, shape: shape, bytes: unsafe Array(UnsafeRawBufferPointer(start: data, count: count))
    )
  }

  private func missing(_ name: String) -> PipelineError {
    PipelineError("'\(modelName)' lacks its input '\(name)'", code: .mismatch)
  }

  private func mismatched(_ tensor: GraphTensor, _ input: GraphTensorDescription) -> PipelineError {
    PipelineError(
      "'\(modelName)' takes '\(input.name)' of type \(input.element), but was given type \(tensor.element)",
      code: .mismatch)
  }
}

extension ONNXRuntimeEngine: GraphEngine {
  package func makeGraphSession(model: Data, options: SessionOptions) throws -> any GraphSession {
    try ONNXRuntimeGraphSession(graphEnvironment, model: model, options: options)
  }
}
