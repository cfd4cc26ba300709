import EdgepipeCore
import GRPCCore

extension RemoteFailure {
  /// What an error of a call means.
  init(_ error: any Error) {
    switch error {
    case let error as RemoteFailure: self = error
    case let error as RPCError:
      if let reason = Self.unsafety(error) {
        self.init(.unsafe, "the connection is not safe: \(Self.cut(reason))", mayHaveRun: false)
      } else {
        self.init(error)
      }
    case is CancellationError: self.init(.cancelled, "the call was ended")
    case let error as RuntimeError where error.code == .clientIsStopped:
      self.init(.cancelled, "the call was ended", mayHaveRun: false)
    default: self.init(.unreachable, "no connection: \(Self.cut("\(error)"))")
    }
  }

  private init(_ error: RPCError) {
    let said = "it answers \(error.code): '\(Self.cut(error.message))'"
    switch error.code {
    case .cancelled: self.init(.cancelled, "the call was ended")
    case .deadlineExceeded: self.init(.late, "no answer came in time")
    // Also what Triton answers when its queue is full.
    case .resourceExhausted: self.init(.busy, said)
    case .unavailable:
      // From the transport when there is no connection, and from servers that are not ready.
      self.init(.unreachable, "no connection: \(Self.cut(Self.deepest(error)))", mayHaveRun: error.cause == nil)
    case .invalidArgument, .notFound, .alreadyExists, .permissionDenied, .failedPrecondition, .outOfRange,
      .unimplemented, .unauthenticated:
      self.init(.refused, said)
    // The server's own, and answers that are no gRPC, which the transport tells with these two.
    case .internalError, .unknown, .aborted, .dataLoss: self.init(.failed, said)
    default: self.init(.failed, said)
    }
  }

  private static func unsafety(_ error: RPCError) -> String? {
    var next: (any Error)? = error.cause
    while let cause = next {
      if let reason = SafetyFault.reason(cause) { return reason }
      next = (cause as? RPCError)?.cause ?? (cause as? RuntimeError)?.cause
    }
    return nil
  }

  /// The error that caused the others says most.
  private static func deepest(_ error: RPCError) -> String {
    var text = error.message, next = error.cause
    while let cause = next {
      text = (cause as? RPCError)?.message ?? "\(cause)"
      next = (cause as? RPCError)?.cause
    }
    return text
  }
}
