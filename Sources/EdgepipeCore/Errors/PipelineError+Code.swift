extension PipelineError {
  /// The kinds of faults that a caller can act upon: pull a model, connect again, take another name.
  ///
  /// More may come; a `switch` over it has a `default`.
  public enum Code: String, Sendable, CaseIterable {
    /// An argument, an option or a request makes no sense, by itself or beside the others.
    case invalidArgument
    /// What is to be made is there already.
    case alreadyExists
    /// A pipeline file, or what it describes, is wrong.
    case invalidConfiguration
    /// A model that is named is unknown or not installed: `edgepipe models pull` may fetch it.
    case modelMissing
    /// A file, a folder or a part of it that is to be read is not there or may not be read.
    case notFound
    /// The bytes are not what they have to be: damaged, cut off, or of another format.
    case malformed
    /// The data is in order, and this program or the step asked for cannot work with it.
    case unsupported
    /// Two things that have to belong together do not, such as a model and its manifest.
    case mismatch
    /// No solution keeps the limits that were given.
    case unattainable
    /// A camera, a server or another program does not answer, or has gone.
    case unreachable
    /// A library, a device, a permission or another resource of this machine is missing.
    case unavailable
    /// Work was stopped before all of it was done.
    case interrupted
    /// What was to be written could not be written.
    case writeFailed
    /// The reader of standard output has gone.
    case outputClosed
    /// A fault of this program, or of a stage that was added to it.
    case internalFault

    /// The exit status by which the command tells it.
    public var exit: ExitStatus {
      switch self {
      case .invalidArgument, .alreadyExists: .usage
      case .invalidConfiguration, .modelMissing: .config
      case .notFound: .noInput
      case .malformed, .unsupported, .mismatch, .unattainable: .dataError
      case .unreachable, .unavailable: .unavailable
      case .interrupted: .partial
      case .writeFailed: .ioError
      case .outputClosed: .readerGone
      case .internalFault: .software
      }
    }

    /// Whether the data is at fault: other data, treated alike, may do.
    package var isOfData: Bool {
      switch self {
      case .malformed, .unsupported, .mismatch, .unattainable: true
      default: false
      }
    }

    /// The most general code of an exit status, for what another process says; nil for success.
    package init?(_ status: ExitStatus) {
      switch status {
      case .success: return nil
      case .partial: self = .interrupted
      case .usage: self = .invalidArgument
      case .dataError: self = .malformed
      case .noInput: self = .notFound
      case .unavailable: self = .unavailable
      case .software: self = .internalFault
      case .ioError: self = .writeFailed
      case .config: self = .invalidConfiguration
      case .readerGone: self = .outputClosed
      }
    }
  }
}
