import Detectors
import EdgepipeCore

@testable import EdgepipeRemote

/// Tensors, settings and calls that tests make.
enum Requests {
  static func tensor(_ shape: [Int], _ values: [Float]) -> Tensor {
    let tensor = Tensor(shape: shape, pool: BufferPool())
    unsafe tensor.withFloats { floats in for index in values.indices { unsafe floats[index] = values[index] } }
    return tensor
  }

  static func tensor(_ shape: [Int], bytes: [UInt8]) -> Tensor {
    let tensor = Tensor(shape: shape, element: .uint8, pool: BufferPool())
    unsafe tensor.buffer.withBytes { unsafe $0.copyBytes(from: bytes) }
    return tensor
  }

  static let small = tensor([1, 3], [1, 2, 3])

  static func settings(_ way: ServerSettings.Way, port: Int, model: String) -> ServerSettings {
    ServerSettings(way: way, host: "127.0.0.1", port: port, isTLS: false, model: model)
  }

  static func soon(_ seconds: Double = 30) -> MonotonicTime {
    SystemClock().now().advanced(byMilliseconds: seconds * 1000)
  }

  static func client(
    _ settings: ServerSettings, warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws -> any InferenceServer {
    settings.way == .grpc ? try GRPCInferenceServer(settings) : try HTTPInferenceServer(settings, warn: warn)
  }

  /// What a call fails with; nil where it does not.
  static func failure(_ body: () throws -> Void) -> RemoteFailure? {
    do {
      try body()
      return nil
    } catch { return error as? RemoteFailure ?? RemoteFailure(.failed, "another error: \(error)") }
  }
}
