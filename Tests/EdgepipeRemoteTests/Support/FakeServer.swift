import Detectors
import EdgepipeCore
import Synchronization

@testable import EdgepipeRemote

/// A server that does as a test says. Its model has one input `x` and one output `y` of the shape [1, 1].
final class FakeServer: InferenceServer {
  enum Answer: Sendable {
    /// With this number.
    case value(Float)
    case failure(RemoteFailure.Kind)
    /// None until ``release()``, or until the limit.
    case held(Float)
  }

  private struct State {
    var answer = Answer.value(1)
    var isReleased = false
    var description = FakeServer.usual
    var probe: RemoteFailure.Kind?
    var inferences = 0
    var isClosed = false
    var isCancelled = false
  }

  let name: String
  private let state = Monitor(State())

  init(_ name: String = "http://fake:8000") { self.name = name }

  static let usual = ServerDescription(
    serverName: "fake", serverVersion: "1", extensions: [], isReady: true, modelVersions: ["1"], platform: "",
    inputs: [RemoteTensor(name: "x", datatype: "UINT8", shape: [1, 3, -1, -1])],
    outputs: [RemoteTensor(name: "y", datatype: "FP32", shape: [1, 1])])

  var inferences: Int { state.withLock { $0.inferences } }

  func set(_ answer: Answer) { state.change { $0.answer = answer } }
  func set(probe kind: RemoteFailure.Kind?) { state.change { $0.probe = kind } }
  func set(_ description: ServerDescription) { state.change { $0.description = description } }
  func release() { state.change { $0.isReleased = true } }

  func describe(until limit: MonotonicTime) throws(RemoteFailure) -> ServerDescription {
    let (description, kind) = state.withLock { ($0.description, $0.probe) }
    if let kind { throw RemoteFailure(kind, "as the test says") }
    return description
  }

  func probe(until limit: MonotonicTime) throws(RemoteFailure) {
    if let kind = state.withLock({ $0.probe }) { throw RemoteFailure(kind, "as the test says") }
  }

  func infer(
    _ request: InferRequest, until limit: MonotonicTime, _ cancellation: CallCancellation?
  ) throws(RemoteFailure) -> InferAnswer {
    let answer = state.change { state in
      state.inferences += 1
      return state.answer
    }
    switch answer {
    case .failure(let kind): throw RemoteFailure(kind, "as the test says")
    case .value(let value): return Self.answer(value)
    case .held(let value):
      let number = cancellation?.onCancel { self.state.change { $0.isCancelled = true } }
      defer { if let number { cancellation?.remove(number) } }
      let isReleased = state.wait(until: limit) { state in
        state.isReleased || state.isClosed || state.isCancelled ? state.isReleased : nil
      }
      guard let isReleased else { throw RemoteFailure(.late, "the limit came first") }
      if isReleased { return Self.answer(value) }
      throw RemoteFailure(.cancelled, "the call was ended")
    }
  }

  func close() { state.change { $0.isClosed = true } }

  static func answer(_ value: Float) -> InferAnswer {
    InferAnswer(
      outputs: [InferAnswer.Output(name: "y", shape: [1, 1], values: [value])], sentBytes: 100, receivedBytes: 20)
  }
}

/// A session here, whose answer is a number of its own.
final class FakeSession: InferenceSession {
  let inputs = [TensorDescription(name: "x", element: .uint8, shape: [1, 3, nil, nil])]
  let outputs = [TensorDescription(name: "y", element: .float32, shape: [1, 1])]
  private let value: Float

  init(_ value: Float = -1) { self.value = value }

  func run<Result>(_ input: Tensor, _ body: (borrowing ModelOutputs) throws -> Result) throws -> Result {
    try unsafe [value].withUnsafeBufferPointer {
      try body(ModelOutputs([unsafe ModelOutputs.Output(shape: [1, 1], values: $0)]))
    }
  }
}
