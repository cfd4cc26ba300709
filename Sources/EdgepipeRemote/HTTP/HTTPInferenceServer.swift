import AsyncHTTPClient
import Detectors
import EdgepipeCore
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A server of the open inference protocol over HTTP/1.1, on connections that are kept open.
///
/// Redirects are refused. With TLS, which is at least version 1.3, the server's name and chain are always checked. All
/// clients share one event loop; calling threads wait.
final class HTTPInferenceServer: InferenceServer {
  private struct State {
    var interface: ModelInterface?
    /// Nil until the server has told, or shown, which it takes.
    var isBinary: Bool?
    /// It has taken a binary body, so that what it refuses later is something else.
    var hasTakenBinary = false
    var hasWarned = false
    var isClosed = false
  }

  /// What servers answer to a body that they cannot read: MLServer 422, others 400 or 415.
  private static let unreadable: Set<UInt> = [400, 415, 422]

  let name: String
  private let settings: ServerSettings
  private let address: HTTPAddress
  private let client: HTTPClient
  private let closing = CallCancellation()
  private let state = Mutex(State())
  private let warn: @Sendable (String) -> Void

  /// - Parameter warn: gets a sentence when the server cannot do what it is used for best.
  /// - Throws: ``PipelineError`` where a certificate or key cannot be read.
  init(_ settings: ServerSettings, warn: @escaping @Sendable (String) -> Void) throws {
    self.settings = settings
    self.warn = warn
    address = HTTPAddress(settings)
    name = address.shown
    var configuration = HTTPClient.Configuration(
      tlsConfiguration: settings.isTLS ? try PEMFiles(settings).tls : nil, redirectConfiguration: .disallow,
      decompression: settings.isCompressed ? .enabled(limit: .size(settings.maxAnswerBytes)) : .disabled)
    configuration.httpVersion = .http1Only
    configuration.dnsOverride = address.names
    // Whether to try again is for the caller to say.
    configuration.connectionPool.retryConnectionEstablishment = false
    client = HTTPClient(eventLoopGroupProvider: .shared(RemoteLoop.group), configuration: configuration)
  }

  deinit { close() }

  func close() {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    guard isFirst else { return }
    closing.cancel()
    try? client.syncShutdown()
  }

  func probe(until limit: MonotonicTime) throws(RemoteFailure) {
    let answer = try get(address.live, until: limit, nil)
    if !answer.head.status.isSuccess { throw failure(answer) }
  }

  func describe(until limit: MonotonicTime) throws(RemoteFailure) -> ServerDescription {
    try describe(until: limit, nil)
  }

  func infer(
    _ request: InferRequest, until limit: MonotonicTime, _ cancellation: CallCancellation?
  ) throws(RemoteFailure) -> InferAnswer {
    let interface = try interface(until: limit, cancellation)
    let tensor = try outgoing(request.input)
    try interface.check(tensor.datatype, tensor.shape)
    let question = AnswerParts.Question(
      id: request.id, model: settings.model, version: settings.version, interface: interface)
    guard isBinary else { return try ask(question, tensor, isBinary: false, until: limit, cancellation) }
    let (answer, hasTakenBinary) = (
      try post(question, tensor, isBinary: true, until: limit, cancellation), state.withLock { $0.hasTakenBinary }
    )
    if settings.encoding == .auto, !hasTakenBinary, Self.unreadable.contains(answer.head.status.code) {
      // The server does not do what it says: if it takes the same as JSON, that is how it gets everything from now on.
      let result = try ask(question, tensor, isBinary: false, until: limit, cancellation)
      state.withLock { $0.isBinary = false }
      warnOfJSON("it refuses binary tensors with \(answer.head.status.code)")
      return result
    }
    let result = try read(answer, question)
    state.withLock { $0.hasTakenBinary = true }
    return result
  }

  // MARK: - What is known of the server

  private func interface(
    until limit: MonotonicTime, _ cancellation: CallCancellation?
  ) throws(RemoteFailure) -> ModelInterface {
    if let known = state.withLock({ $0.interface }) { return known }
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
    let about = try get(address.server, until: limit, cancellation)
    guard about.head.status.isSuccess else { throw failure(about) }
    let server = try ServerMetadata(json: Array(about.body.readableBytesView))
    let isServerReady = try get(address.ready, until: limit, cancellation).head.status.isSuccess
    let isModelReady = try get(address.modelReady, until: limit, cancellation).head.status.isSuccess
    let answer = try get(address.metadata, until: limit, cancellation)
    var model = ModelMetadata(name: settings.model, versions: [], platform: "", inputs: [], outputs: [])
    if answer.head.status.isSuccess {
      model = try ModelMetadata(json: Array(answer.body.readableBytesView))
      try model.check(model: settings.model)
    } else if isServerReady {
      throw failure(answer)
    }
    let description = ServerDescription(
      serverName: server.name, serverVersion: server.version, extensions: server.extensions,
      isReady: isServerReady && isModelReady && answer.head.status.isSuccess, modelVersions: model.versions,
      platform: model.platform, inputs: model.inputs, outputs: model.outputs)
    let isBinary = server.extensions.contains(ServerMetadata.binaryExtension)
    let interface = description.isReady ? try? ModelInterface(description) : nil
    state.withLock { state in
      if let interface { state.interface = interface }
      if state.isBinary == nil { state.isBinary = isBinary }
    }
    if !isBinary { warnOfJSON("it does not list \(ServerMetadata.binaryExtension) among its extensions") }
    return description
  }

  private var isBinary: Bool {
    switch settings.encoding {
    case .binary, .jpeg: true
    case .json: false
    case .auto: state.withLock { $0.isBinary ?? false }
    }
  }

  private func warnOfJSON(_ reason: String) {
    guard settings.encoding == .auto else { return }
    let isFirst = state.withLock { state in
      defer { state.hasWarned = true }
      return !state.hasWarned
    }
    if isFirst { warn("\(name): tensors go out as JSON, which takes several times as long: \(reason)") }
  }

  private func outgoing(_ tensor: Tensor) throws(RemoteFailure) -> OutgoingTensor {
    settings.encoding == .jpeg
      ? try JPEGTensor.encoded(tensor, quality: settings.jpegQuality, isBGR: settings.isBGR) : OutgoingTensor(tensor)
  }

  // MARK: - Calls

  private func ask(
    _ question: AnswerParts.Question, _ tensor: OutgoingTensor, isBinary: Bool, until limit: MonotonicTime,
    _ cancellation: CallCancellation?
  ) throws(RemoteFailure) -> InferAnswer {
    try read(try post(question, tensor, isBinary: isBinary, until: limit, cancellation), question)
  }

  private func post(
    _ question: AnswerParts.Question, _ tensor: OutgoingTensor, isBinary: Bool, until limit: MonotonicTime,
    _ cancellation: CallCancellation?
  ) throws(RemoteFailure) -> HTTPAnswer {
    let body = InferBody(id: question.id, question.interface, tensor, isBinary: isBinary)
    var headers = HTTPHeaders()
    // The specification's own type for binary bodies is refused by servers that look at it, and needed by none.
    headers.add(name: "content-type", value: "application/json")
    if let count = body.headBytes { headers.add(name: HeaderName.headBytes, value: "\(count)") }
    var buffer = body.buffer
    if settings.isCompressed, let packed = Gzip.compressed(buffer) {
      headers.add(name: "content-encoding", value: "gzip")
      buffer = packed
    }
    return try send(address.infer, .POST, headers, .byteBuffer(buffer), until: limit, cancellation)
  }

  private func read(_ answer: HTTPAnswer, _ question: AnswerParts.Question) throws(RemoteFailure) -> InferAnswer {
    guard answer.head.status.isSuccess else { throw failure(answer) }
    let counts = answer.head.headers[HeaderName.headBytes]
    let headBytes = counts.first.flatMap { Int($0) }
    guard counts.count <= 1, counts.isEmpty || (headBytes ?? -1) >= 0 else {
      throw RemoteFailure(
        .malformed, "the answer says that its head has \(Quoted.text(counts.joined(separator: ", "))) bytes")
    }
    let outputs = try AnswerParts(body: answer.body, headBytes: headBytes).checked(question)
    return InferAnswer(outputs: outputs, sentBytes: answer.sentBytes, receivedBytes: answer.receivedBytes)
  }

  private func get(
    _ url: String, until limit: MonotonicTime, _ cancellation: CallCancellation?
  ) throws(RemoteFailure) -> HTTPAnswer {
    try send(url, .GET, HTTPHeaders(), nil, until: limit, cancellation)
  }

  private func send(
    _ url: String, _ method: HTTPMethod, _ more: HTTPHeaders, _ body: HTTPClient.Body?, until limit: MonotonicTime,
    _ cancellation: CallCancellation?
  ) throws(RemoteFailure) -> HTTPAnswer {
    var headers = more
    headers.add(name: "user-agent", value: "edgepipe")
    if let token = settings.token { headers.add(name: "authorization", value: "Bearer \(token)") }
    if settings.isCompressed { headers.add(name: "accept-encoding", value: "gzip") }
    let request: HTTPClient.Request
    do { request = try HTTPClient.Request(url: url, method: method, headers: headers, body: body) } catch {
      throw RemoteFailure(.unreachable, "the address \(Quoted.text(url)) cannot be used: \(error)", mayHaveRun: false)
    }
    let collector = AnswerCollector(limit: settings.maxAnswerBytes)
    let call = BlockingCall<HTTPAnswer>(until: limit, ending: [closing, cancellation])
    let result = try call.wait(mayHaveRun: { collector.hasBegun }) { call in
      let task = self.client.execute(request: request, delegate: collector)
      task.futureResult.whenComplete { call.finish($0) }
      return { task.cancel() }
    }
    switch result {
    case .success(let answer): return answer
    case .failure(let error as AnswerCollector.CutShort): return error.answer
    case .failure(let error): throw RemoteFailure(error, collector)
    }
  }

  private func failure(_ answer: HTTPAnswer) -> RemoteFailure { RemoteFailure(answer, now: Date()) }

  private enum HeaderName {
    static let headBytes = "inference-header-content-length"
  }
}
