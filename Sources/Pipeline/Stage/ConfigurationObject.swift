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
