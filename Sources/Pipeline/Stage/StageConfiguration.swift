public import EdgepipeCore

/// An object of a pipeline file whose keys are declared once, as ``options``.
///
/// Decoding takes only values that have passed the check of the ``schema``; encoding writes what differs from the
/// defaults, so that a configuration made in code is checked like one of a file.
public protocol ConfigurationObject: Codable, Sendable {
  /// The defaults.
  init()

  static var options: [ConfigurationOption<Self>] { get }
}

extension ConfigurationObject {
  /// What `edgepipe validate` checks, and `edgepipe schema` and `edgepipe stages` print.
  public static var schema: ObjectSchema {
    let defaults = Self()
    return ObjectSchema(options.map { $0.property(defaults: defaults) })
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: ConfigurationKey.self)
    self.init()
    for option in Self.options { try option.read(values, into: &self) }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: ConfigurationKey.self)
    let defaults = Self()
    for option in Self.options where option.isSet(in: self, defaults: defaults) { try option.write(self, to: &values) }
  }
}

/// The `config` object of a stage.
public protocol StageConfiguration: ConfigurationObject {}

/// For stages without options.
public struct NoConfiguration: StageConfiguration {
  public static let options: [ConfigurationOption<Self>] = []
  public init() {}
}

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
