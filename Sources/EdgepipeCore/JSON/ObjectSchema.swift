/// The keys that a JSON object may hold.
public struct ObjectSchema: Sendable {
  public var properties: [Property]

  public init(_ properties: [Property]) { self.properties = properties }

  /// One key: its type with limits, whether it must be there, what it means.
  public struct Property: Sendable {
    public var name: String
    public var kind: ValueKind
    public var isRequired: Bool
    /// The default in JSON, for the schema and the documents; nil when absence has a meaning of its own.
    public var defaultJSON: String?
    /// Whether the key may take another value while the pipeline runs.
    public var isChangeable: Bool
    /// What commands that know no stage type use it for.
    public var meaning: OptionMeaning?
    /// One sentence.
    public var summary: String

    public init(
      _ name: String, _ kind: ValueKind, required: Bool = false, default: String? = nil, changeable: Bool = false,
      meaning: OptionMeaning? = nil, _ summary: String
    ) {
      self.name = name
      self.kind = kind
      self.isRequired = required
      self.defaultJSON = `default`
      isChangeable = changeable
      self.meaning = meaning
      self.summary = summary
    }
  }

  public indirect enum ValueKind: Sendable {
    case bool
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case string
    /// One of these words.
    case word([String])
    case list(ValueKind, count: ClosedRange<Int>)
    case object(ObjectSchema)
    /// Any one of these, such as a word or a list.
    case any([ValueKind])
    /// An object whose keys are checked elsewhere.
    case anyObject
  }
}

/// What an option is for, where commands set or read it themselves.
public enum OptionMeaning: Sendable, Hashable {
  /// An address or a path that frames come from.
  case address
  /// Ends each stream after so many frames.
  case frameLimit
  /// The model of a stage that finds objects: its `shape`, `interval` and `threads` can be tuned as well.
  case objectModel
  /// The same of a stage that finds faces.
  case faceModel
  /// The limit that a detection's score must exceed.
  case score
  /// The names of the wanted classes.
  case classes
  /// Whether the stage detects at all.
  case isDetecting
}
