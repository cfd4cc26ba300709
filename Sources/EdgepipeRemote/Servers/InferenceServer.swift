import Detectors
import EdgepipeCore

/// One server of the open inference protocol, by one of its two ways, HTTP or gRPC. Any thread may use it, several at once.
///
/// Its calls wait on the calling thread until the answer is there, the limit has come, or they are cancelled, whichever is
/// first; they never wait longer. What comes back is untrusted: sizes, shapes and numbers of bytes are checked, and nothing
/// that a server says can end the program.
protocol InferenceServer: AnyObject, Sendable {
  /// As it is told to people: scheme, host and port, without anything secret.
  var name: String { get }

  /// What the server and the model say of themselves, and whether both are ready.
  func describe(until limit: MonotonicTime) throws(RemoteFailure) -> ServerDescription

  /// Runs the model on one input.
  func infer(
    _ request: InferRequest, until limit: MonotonicTime, _ cancellation: CallCancellation?
  ) throws(RemoteFailure) -> InferAnswer

  /// The smallest request there is: whether the server lives.
  func probe(until limit: MonotonicTime) throws(RemoteFailure)

  /// Ends the connections. Calls under way fail as cancelled.
  func close()
}

/// A tensor's name, element type and shape, as metadata tells them; -1 stands for a dimension that is open.
struct RemoteTensor: Hashable, Sendable {
  var name: String
  /// As the protocol writes it, such as `FP32` or `UINT8`.
  var datatype: String
  var shape: [Int]
}

/// What `v2`, `v2/health/ready` and `v2/models/NAME` say.
struct ServerDescription: Sendable {
  var serverName: String
  var serverVersion: String
  var extensions: [String]
  var isReady: Bool
  var modelVersions: [String]
  var platform: String
  var inputs: [RemoteTensor]
  var outputs: [RemoteTensor]
}

/// One inference as it goes out.
struct InferRequest: Sendable {
  /// Told to the server, and expected in its answer.
  var id: String
  var input: Tensor
}

/// One inference as it came back.
struct InferAnswer: Sendable {
  struct Output: Sendable {
    var name: String
    var shape: [Int]
    /// Row-major; as many as `shape` says.
    var values: [Float]
  }

  /// In the order in which the model's outputs were asked for.
  var outputs: [Output]
  /// What went over the network for it, heads included as far as known.
  var sentBytes: Int
  var receivedBytes: Int
}
