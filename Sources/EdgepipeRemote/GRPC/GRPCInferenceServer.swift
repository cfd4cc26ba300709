import Detectors
import EdgepipeCore
import GRPCCore
import Synchronization

/// A server of the open inference protocol over gRPC, on one HTTP/2 connection that is kept open.
///
/// With TLS the server's name and chain are always checked; the version is at least 1.2, which the transport does not let
/// raise. Threads that call wait, while tasks do the work.
final class GRPCInferenceServer: InferenceServer {
  private typealias Service = Inference_GRPCInferenceService.Client<GRPCConnection.Transport>

  /// What a message takes beside the tensors.
  private static let frameBytes = 5

  let name: String
  private let settings: ServerSettings
  private let client: GRPCConnection.Client
  private let connections: Task<Void, Never>
  private let closing = CallCancellation()
  private let known = Mutex<ModelInterface?>(nil)

  /// - Throws: ``PipelineError`` where a certificate or key cannot be read.
  init(_ settings: ServerSettings) throws {
    self.settings = settings
    let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
    name = "\(settings.isTLS ? "grpcs" : "grpc")://\(host):\(settings.port)"
    let client = try GRPCConnection.client(settings)
    self.client = client
    connections = Task(executorPreference: RemoteLoop.executor) { try? await client.runConnections() }
  }

  deinit { close() }

  func close() {
    closing.cancel()
    client.beginGracefulShutdown()
    connections.cancel()
  }

  func probe(until limit: MonotonicTime) throws(RemoteFailure) {
    let answer = try call(until: limit, nil) { service, metadata, options in
      try await service.serverLive(.init(), metadata: metadata, options: options)
    }
    if !answer.live { throw RemoteFailure(.failed, "it says that it does not live", mayHaveRun: false) }
  }

  func describe(until limit: MonotonicTime) throws(RemoteFailure) -> ServerDescription {
    try describe(until: limit, nil)
  }

  func infer(
    _ request: InferRequest, until limit: MonotonicTime, _ cancellation: CallCancellation?
  ) throws(RemoteFailure) -> InferAnswer {
    let interface = try interface(until: limit, cancellation)
    let tensor =
      settings.encoding == .jpeg
      ? try JPEGTensor.encoded(request.input, quality: settings.jpegQuality, isBGR: settings.isBGR)
      : OutgoingTensor(request.input)
    try interface.check(tensor.datatype, tensor.shape)
    let question = AnswerParts.Question(
      id: request.id, model: settings.model, version: settings.version, interface: interface)
    let message = Inference_ModelInferRequest(question, tensor)
    let sent = tensor.byteCount + Self.frameBytes
    let answer = try call(until: limit, cancellation) { service, metadata, options in
      try await service.modelInfer(message, metadata: metadata, options: options)
    }
    let received = answer.rawOutputContents.reduce(Self.frameBytes) { $0 + $1.count }
    return InferAnswer(
      outputs: try AnswerParts(answer).checked(question), sentBytes: sent, receivedBytes: received)
  }

  private func interface(
    until limit: MonotonicTime, _ cancellation: CallCancellation?
  ) throws(RemoteFailure) -> ModelInterface {
    if let known = known.withLock({ $0 }) { return known }
    let description: ServerDescription
    do { description = try describe(until: limit, cancellation) } catch {
      // The inference itself has not gone out.
      var failure = error
      failure.mayHaveRun = false
      throw failure
    }
    if !description.isReady { throw RemoteFailure(.busy, "the model is not ready yet", mayHaveRun: false) }
    return try ModelInterface(description)
  }

  private func describe(
    until limit: MonotonicTime, _ cancellation: CallCancellation?
  ) throws(RemoteFailure) -> ServerDescription {
    let (model, version) = (settings.model, settings.version ?? "")
    let answers = try call(until: limit, cancellation) { service, metadata, options in
      let server = try await service.serverMetadata(.init(), metadata: metadata, options: options)
      let isServerReady = try await service.serverReady(.init(), metadata: metadata, options: options).ready
      var ready = Inference_ModelReadyRequest()
      ready.name = model
      ready.version = version
      // Unknown models are errors here on some servers, and the description says so anyway.
      let isModelReady = (try? await service.modelReady(ready, metadata: metadata, options: options).ready) ?? false
      var about = Inference_ModelMetadataRequest()
      about.name = model
      about.version = version
      do {
        let answer = try await service.modelMetadata(about, metadata: metadata, options: options)
        return (server, isServerReady && isModelReady, answer as Inference_ModelMetadataResponse?)
      } catch  where !isServerReady { return (server, false, nil) }
    }
    var description = ServerDescription(
      serverName: answers.0.name, serverVersion: answers.0.version, extensions: answers.0.extensions,
      isReady: answers.1, modelVersions: [], platform: "", inputs: [], outputs: [])
    guard let answer = answers.2 else { return description }
    let metadata = ModelMetadata(
      name: answer.name, versions: answer.versions, platform: answer.platform,
      inputs: answer.inputs.map(RemoteTensor.init), outputs: answer.outputs.map(RemoteTensor.init))
    try metadata.check(model: model)
    description.modelVersions = metadata.versions
    description.platform = metadata.platform
    description.inputs = metadata.inputs
    description.outputs = metadata.outputs
    if description.isReady, let interface = try? ModelInterface(description) { known.withLock { $0 = interface } }
    return description
  }

  /// Runs `body` as a task while this thread waits.
  private func call<Answer: Sendable>(
    until limit: MonotonicTime, _ cancellation: CallCancellation?,
    _ body: @escaping @Sendable (Service, Metadata, CallOptions) async throws -> Answer
  ) throws(RemoteFailure) -> Answer {
    var options = CallOptions.defaults
    options.timeout = .nanoseconds(max(1, limit.nanoseconds(since: SystemClock().now())))
    options.maxResponseMessageBytes = settings.maxAnswerBytes
    options.compression = settings.isCompressed ? .gzip : nil
    let metadata: Metadata = settings.token.map { ["authorization": "Bearer \($0)"] } ?? [:]
    let call = BlockingCall<Answer>(until: limit, ending: [closing, cancellation])
    let client = client, callOptions = options
    let result = try call.wait(mayHaveRun: { true }) { call in
      let task = Task(executorPreference: RemoteLoop.executor) {
        do {
          call.finish(.success(try await body(Service(wrapping: client), metadata, callOptions)))
        } catch { call.finish(.failure(error)) }
      }
      return { task.cancel() }
    }
    do { return try result.get() } catch { throw RemoteFailure(error) }
  }
}
