public import EdgepipeCore

/// A fault has been noticed, or is over: the one shape in which every part of the program that notices faults tells them.
/// Lost connections of streams have their own, ``HealthChange``.
public struct FaultChange: Sendable, Hashable {
  public enum Phase: String, Sendable, CaseIterable {
    case fault
    case recovered
  }

  /// A measured value that says so, and the limit that it was compared with, where there is one.
  public struct Figure: Sendable, Hashable {
    /// With its unit at the end, where it has one, such as `share` or `used_mb`.
    public let name: String
    public let value: Double
    public let limit: Double?

    public init(_ name: String, _ value: Double, limit: Double? = nil) {
      (self.name, self.value, self.limit) = (name, value, limit)
    }
  }

  public let phase: Phase
  /// What is wrong, in one word such as `covered` or `drift`; the same in both phases.
  public let fault: String
  /// The stage that noticed it; nil where the run did.
  public let stage: String?
  /// The stream that it is about; nil where it is about all.
  public let stream: String?
  /// When its first sign was seen; the same in both phases.
  public let since: WallTime
  /// From its first sign until it was over; nil while it goes on.
  public let seconds: Double?
  public let figures: [Figure]
  /// One sentence for a person: what is wrong and which figure says so.
  public let message: String

  /// - Parameter seconds: makes it the end of the fault.
  public init(
    _ fault: String, stage: String? = nil, stream: String? = nil, since: WallTime, over seconds: Double? = nil,
    figures: [Figure], message: String
  ) {
    phase = seconds == nil ? .fault : .recovered
    (self.fault, self.stage, self.stream) = (fault, stage, stream)
    (self.since, self.seconds, self.figures, self.message) = (since, seconds, figures, message)
  }
}

extension FaultChange {
  /// What results and clients are told beside stage and stream, in the order in which it is written.
  package var fields: [FrameEvent.Field] {
    var fields: [FrameEvent.Field] = [.init("fault", .string(fault)), .init("since", .string(since.iso8601))]
    if let seconds { fields.append(.init("seconds", .rounded(seconds))) }
    fields.append(.init("figures", Self.object(figures.map { ($0.name, $0.value) })))
    let limits = figures.compactMap { figure in figure.limit.map { (figure.name, $0) } }
    if !limits.isEmpty { fields.append(.init("limit", Self.object(limits))) }
    fields.append(.init("message", .string(message)))
    return fields
  }

  /// As an event of the frame in which a stage saw it: the kind is `fault` or `recovered`.
  package func event(of stage: String) -> FrameEvent {
    FrameEvent(stage: stage, kind: phase.rawValue, fields: fields)
  }

  /// As clients of the control socket and of the service are told it: `event` is `fault` or `recovered`.
  package var members: [String: ReportValue] {
    var members = Dictionary(fields.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    members["event"] = .string(phase.rawValue)
    members["stage"] = stage.map { .string($0) }
    members["stream"] = stream.map { .string($0) }
    return members
  }

  private static func object(_ values: [(String, Double)]) -> ReportValue {
    .object(Dictionary(values.map { ($0.0, .rounded($0.1)) }, uniquingKeysWith: { first, _ in first }))
  }
}
