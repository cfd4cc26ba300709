public import EdgepipeCore
import Foundation

/// One key of a configuration object, declared once: the property that it sets, the values that it takes, and what it
/// means. Default, schema, decoding and encoding follow from it.
///
/// ```swift
/// .init("maxGapS", \.maxGapS, .number(0.01...60), "Seconds that a track outlives its last detection.")
/// ```
public struct ConfigurationOption<Settings: Sendable>: Sendable {
  public let name: String
  /// The JSON values that it takes.
  public let kind: ObjectSchema.ValueKind
  public let isRequired: Bool
  /// Whether it may take another value while the pipeline runs: see ``AdjustableStage``.
  public let isChangeable: Bool
  /// What commands that know no stage type use it for.
  public let meaning: OptionMeaning?
  /// One sentence.
  public let summary: String
  private let read: @Sendable (KeyedDecodingContainer<ConfigurationKey>, inout Settings) throws -> Void
  private let write: @Sendable (Settings, inout KeyedEncodingContainer<ConfigurationKey>) throws -> Void
  private let text: @Sendable (Settings) -> String?

  /// An option with a default: what the property is in `Settings()`.
  ///
  /// - Parameters:
  ///   - name: the key in JSON.
  ///   - property: what it sets. The values of `kind` must be values of this type.
  ///   - required: the key must be there; the property's default is then never used.
  ///   - changeable: an ``AdjustableStage`` takes another value while the pipeline runs.
  ///   - meaning: for options that commands set or read themselves.
  public init<Value: Codable & Sendable>(
    _ name: String, _ property: any WritableKeyPath<Settings, Value> & Sendable, _ kind: ObjectSchema.ValueKind,
    required: Bool = false, changeable: Bool = false, meaning: OptionMeaning? = nil, _ summary: String
  ) {
    let key = ConfigurationKey(name)
    self.init(
      name: name, kind: kind, isRequired: required, isChangeable: changeable, meaning: meaning, summary: summary,
      read: { values, settings in
        if let value = try values.decodeIfPresent(Value.self, forKey: key) { settings[keyPath: property] = value }
      },
      write: { settings, values in try values.encode(settings[keyPath: property], forKey: key) },
      text: { Self.json($0[keyPath: property]) })
  }

  /// An option whose absence has a meaning of its own.
  public init<Value: Codable & Sendable>(
    _ name: String, _ property: any WritableKeyPath<Settings, Value?> & Sendable, _ kind: ObjectSchema.ValueKind,
    changeable: Bool = false, meaning: OptionMeaning? = nil, _ summary: String
  ) {
    let key = ConfigurationKey(name)
    self.init(
      name: name, kind: kind, isRequired: false, isChangeable: changeable, meaning: meaning, summary: summary,
      read: { values, settings in
        if let value = try values.decodeIfPresent(Value.self, forKey: key) { settings[keyPath: property] = value }
      },
      write: { settings, values in try values.encodeIfPresent(settings[keyPath: property], forKey: key) },
      text: { $0[keyPath: property].map(Self.json) })
  }

  private init(
    name: String, kind: ObjectSchema.ValueKind, isRequired: Bool, isChangeable: Bool, meaning: OptionMeaning?,
    summary: String,
    read: @escaping @Sendable (KeyedDecodingContainer<ConfigurationKey>, inout Settings) throws -> Void,
    write: @escaping @Sendable (Settings, inout KeyedEncodingContainer<ConfigurationKey>) throws -> Void,
    text: @escaping @Sendable (Settings) -> String?
  ) {
    self.name = name
    self.kind = kind
    self.isRequired = isRequired
    self.isChangeable = isChangeable
    self.meaning = meaning
    self.summary = summary
    self.read = read
    self.write = write
    self.text = text
  }

  /// The same option where these settings are a part of others, whose keys stand beside theirs.
  public func of<Whole>(_ part: any WritableKeyPath<Whole, Settings> & Sendable) -> ConfigurationOption<Whole> {
    ConfigurationOption<Whole>(
      name: name, kind: kind, isRequired: isRequired, isChangeable: isChangeable, meaning: meaning, summary: summary,
      read: { [read] in try read($0, &$1[keyPath: part]) }, write: { [write] in try write($0[keyPath: part], &$1) },
      text: { [text] in text($0[keyPath: part]) })
  }

  /// - Parameter defaults: the settings where nothing is said.
  func property(defaults: Settings) -> ObjectSchema.Property {
    ObjectSchema.Property(
      name, kind, required: isRequired, default: shownDefault(defaults), changeable: isChangeable, meaning: meaning,
      summary)
  }

  private func shownDefault(_ defaults: Settings) -> String? {
    if isRequired { return nil }
    // The keys of an object have defaults of their own.
    let text = text(defaults)
    if case .object = kind { return text == nil ? nil : "{}" }
    // A list without entries is one that nobody gave.
    return text == "[]" ? nil : text
  }

  /// Whether the option has another value than by default.
  func isSet(in settings: Settings, defaults: Settings) -> Bool { isRequired || text(settings) != text(defaults) }

  func read(_ values: KeyedDecodingContainer<ConfigurationKey>, into settings: inout Settings) throws {
    try read(values, &settings)
  }

  func write(_ settings: Settings, to values: inout KeyedEncodingContainer<ConfigurationKey>) throws {
    try write(settings, &values)
  }

  /// What JSON does not have, such as a number that is not finite, keeps a text of its own, so that it counts as set and is
  /// refused where it is written.
  private static func json(_ value: some Encodable) -> String {
    (try? JSONEncoder.stable.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "\(value)"
  }
}

extension JSONEncoder {
  /// Gives equal values the same text.
  static var stable: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}

/// A key of a configuration object.
struct ConfigurationKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { return nil }
}
