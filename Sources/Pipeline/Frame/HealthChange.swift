import EdgepipeCore

/// A change from one state of a stream to another.
public struct HealthChange: Sendable, Hashable {
  /// Streaming ended against the stream's will, or came back.
  public enum Fault: String, Sendable { case start, end }

  public let health: StreamHealth
  /// Nil for a stream's first state.
  public let previous: StreamState?
  /// Set on the one change that begins a fault and on the one that ends it, whatever lies between.
  public let fault: Fault?
  /// From the start of the fault to its end, in seconds; on the end alone.
  public let faultSeconds: Double?

  public init(health: StreamHealth, previous: StreamState?, fault: Fault?, faultSeconds: Double?) {
    self.health = health
    self.previous = previous
    self.fault = fault
    self.faultSeconds = faultSeconds
  }
}
