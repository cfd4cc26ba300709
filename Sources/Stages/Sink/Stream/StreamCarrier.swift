import EdgepipeCore

/// One connection, or one folder, that takes a stream's encoded pictures in order, from a key frame on. Used by one
/// thread; its calls may block as long as the guard that it was opened with allows.
protocol StreamCarrier: AnyObject {
  func send(_ picture: EncodedPicture) throws(StreamLoss)
  /// After the last picture of the run.
  func finish() throws(StreamLoss)
}

/// Opens a carrier; called again after each loss.
typealias StreamOpening = @Sendable (ReadGuard) throws(StreamLoss) -> any StreamCarrier

/// Why a stream cannot go out for now.
struct StreamLoss: Error, Sendable {
  /// Without secrets.
  var error: PipelineError
  /// The server wants another user or password: it is not asked again soon.
  var isRefused = false

  init(_ error: PipelineError, isRefused: Bool = false) { (self.error, self.isRefused) = (error, isRefused) }

  init(_ message: String, remedy: String? = nil, isRefused: Bool = false) {
    self.init(PipelineError(message, remedy: remedy, code: .unreachable), isRefused: isRefused)
  }
}
