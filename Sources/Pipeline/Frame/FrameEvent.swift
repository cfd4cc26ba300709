public import EdgepipeCore

/// Something that a rule saw in a frame, such as a person entering a zone.
public struct FrameEvent: Sendable, Hashable {
  public struct Field: Sendable, Hashable {
    public let key: String
    public let value: ReportValue

    public init(_ key: String, _ value: ReportValue) {
      self.key = key
      self.value = value
    }
  }

  /// The id of the stage whose rule saw it.
  public let stage: String
  /// What happened, such as `zone.enter` or `line.cross`.
  public let kind: String
  /// The class of the thing that did it, where there is one.
  public let label: String?
  /// Its track, where there is one.
  public let track: Int?
  /// What else the rule says, in the order in which it is written.
  public let fields: [Field]

  public init(stage: String, kind: String, label: String? = nil, track: Int? = nil, fields: [Field] = []) {
    self.stage = stage
    self.kind = kind
    self.label = label
    self.track = track
    self.fields = fields
  }
}
