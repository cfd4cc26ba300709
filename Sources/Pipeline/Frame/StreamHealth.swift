public import EdgepipeCore

/// What a stream is doing.
public enum StreamState: String, Sendable, CaseIterable {
  /// The first connection is being made.
  case connecting
  /// Frames come.
  case streaming
  /// Connected, and no frame has come for the stall limit; it is being connected again.
  case stalled
  /// The server wants another user or password.
  case refused
  /// The connection is lost; it is tried again, with pauses.
  case waiting
  /// Nothing more will come.
  case ended
}

/// The state of one stream, and since when.
public struct StreamHealth: Sendable, Hashable {
  public let stream: String
  public let state: StreamState
  /// When the state was entered.
  public let since: MonotonicTime
  public let sinceWall: WallTime
  /// Connections tried since the last stable streaming, this one included; counts from 1.
  public let attempt: Int
  /// What went wrong last, without secrets.
  public let lastError: String?

  public init(
    stream: String, state: StreamState, since: MonotonicTime, sinceWall: WallTime, attempt: Int, lastError: String?
  ) {
    self.stream = stream
    self.state = state
    self.since = since
    self.sinceWall = sinceWall
    self.attempt = attempt
    self.lastError = lastError
  }
}
