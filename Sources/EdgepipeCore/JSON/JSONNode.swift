/// One JSON value that knows where it was written, so that every complaint about it can name the place.
public struct JSONNode: Sendable {
  /// Where a value comes from.
  public enum Origin: Sendable, Hashable {
    /// Line and column of the value's first character, both counted from 1, columns in Unicode scalars.
    case file(line: Int32, column: Int32)
    /// An override on the command line, by its index in `PipelineOverrides.names`.
    case override(Int32)
  }

  public enum Value: Sendable {
    case null
    case bool(Bool)
    /// A number without fraction and exponent that fits.
    case integer(Int)
    /// Any other number; always finite.
    case number(Double)
    case string(String)
    case array([JSONNode])
    case object([Member])
    /// Stands where the parser has already complained: every check lets it pass.
    case invalid
  }

  /// One `"key": value` of an object.
  public struct Member: Sendable {
    public var key: String
    public var keyOrigin: Origin
    public var value: JSONNode

    public init(key: String, keyOrigin: Origin, value: JSONNode) {
      self.key = key
      self.keyOrigin = keyOrigin
      self.value = value
    }
  }

  public var value: Value
  public var origin: Origin
  /// The text as written, where the environment has changed it: shown in place of the value, which may be a secret.
  public var original: String?

  public init(_ value: Value, origin: Origin, original: String? = nil) {
    self.value = value
    self.origin = origin
    self.original = original
  }

  /// The member with that key, or nil when there is none or when this is no object.
  public subscript(key: String) -> JSONNode? {
    members?.first { $0.key == key }?.value
  }

  public var members: [Member]? { if case .object(let members) = value { members } else { nil } }
  public var elements: [JSONNode]? { if case .array(let elements) = value { elements } else { nil } }
  public var string: String? { if case .string(let string) = value { string } else { nil } }

  public var bool: Bool? { if case .bool(let bool) = value { bool } else { nil } }

  /// The value as an integer; `2.0` counts as 2, as in JSON Schema.
  public var integer: Int? {
    switch value {
    case .integer(let integer): integer
    case .number(let number): Int(exactly: number)
    default: nil
    }
  }

  public var number: Double? {
    switch value {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    default: nil
    }
  }

  /// The type in words: `a string`, `an object`.
  public var typeName: String {
    switch value {
    case .null: "null"
    case .bool(let bool): "\(bool)"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    case .invalid: "an invalid value"
    }
  }
}

extension JSONNode.Origin {
  /// For values that nobody wrote.
  package static let none = Self.file(line: 0, column: 0)
}
