public import EdgepipeCore

/// Settings of something that can be off: `false`, `true` for the usual settings, or an object of them.
public struct Switchable<Settings: ConfigurationObject>: Codable, Sendable {
  /// Nil: off.
  public var settings: Settings?

  public init(_ settings: Settings?) { self.settings = settings }

  public static var kind: ObjectSchema.ValueKind { .any([.bool, .object(Settings.schema)]) }

  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let isOn = try? value.decode(Bool.self) {
      settings = isOn ? Settings() : nil
    } else {
      settings = try value.decode(Settings.self)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    if let settings { try value.encode(settings) } else { try value.encode(false) }
  }
}
