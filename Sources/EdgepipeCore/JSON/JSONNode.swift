/// One JSON value that knows where it was written, so that every complaint about it can name the place.
package struct JSONNode: Sendable {
  /// Where a value comes from.
  package enum Origin: Sendable, Hashable {
    /// Line and column of the value's first character, both counted from 1, columns in Unicode scalars.
    case file(line: Int32, column: Int32)
    /// An override on the command line, by its index in `PipelineOverrides.names`.
    case override(Int32)
  }

  package enum Value: Sendable {
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
  package struct Member: Sendable {
    package var key: String
    package var keyOrigin: Origin
    package var value: JSONNode

    package init(key: String, keyOrigin: Origin, value: JSONNode) {
      self.key = key
      self.keyOrigin = keyOrigin
      self.value = value
    }
  }

  package var value: Value
  package var origin: Origin
  /// The text as written, where the environment has changed it: shown in place of the value, which may be a secret.
  package var original: String?

  package init(_ value: Value, origin: Origin, original: String? = nil) {
    self.value = value
    self.origin = origin
    self.original = original
  }

  /// The member with that key, or nil when there is none or when this is no object.
  package subscript(key: String) -> JSONNode? {
    members?.first { $0.key == key }?.value
  }

  package var members: [Member]? { if case .object(let members) = value { members } else { nil } }
  package var elements: [JSONNode]? { if case .array(let elements) = value { elements } else { nil } }
  package var string: String? { if case .string(let string) = value { string } else { nil } }

  package var bool: Bool? { if case .bool(let bool) = value { bool } else { nil } }

  /// The value as an integer; `2.0` counts as 2, as in JSON Schema.
  package var integer: Int? {
    switch value {
    case .integer(let integer): integer
    case .number(let number): Int(exactly: number)
    default: nil
    }
  }

  package var number: Double? {
    switch value {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    default: nil
    }
  }

  /// The type in words: `a string`, `an object`.
  var typeName: String {
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
