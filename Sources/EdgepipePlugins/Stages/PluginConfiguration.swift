package import EdgepipeCore
import Foundation
package import Pipeline

/// The configuration of a plugin's stage: whatever its manifest's schema has let through.
package struct PluginConfiguration: StageConfiguration {
  package static let options: [ConfigurationOption<Self>] = []

  /// The object `config` of the stage.
  private(set) var values: [String: ReportValue] = [:]

  package init() {}

  package init(_ values: [String: ReportValue]) { self.values = values }

  package init(from decoder: any Decoder) throws {
    values = try decoder.singleValueContainer().decode([String: AnyJSON].self).mapValues(\.value)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(values)
  }

  /// What the plugin is given: without what is the program's, and with all defaults.
  func json(_ schema: ObjectSchema) throws -> [UInt8] {
    var values = values
    values[PluginOptions.key] = nil
    for property in schema.properties where values[property.name] == nil {
      guard let text = property.defaultJSON else { continue }
      values[property.name] = try JSONDecoder().decode(AnyJSON.self, from: Data(text.utf8)).value
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(values))
  }

  /// How the plugin is run.
  func pluginOptions() throws -> PluginOptions {
    guard let value = values[PluginOptions.key] else { return PluginOptions() }
    return PluginOptions(JSONParser.value(try value.json(), origin: .none))
  }
}

/// Any JSON value.
struct AnyJSON: Decodable {
  let value: ReportValue

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      value = .null
    } else if let bool = try? container.decode(Bool.self) {
      value = .bool(bool)
    } else if let integer = try? container.decode(Int.self) {
      value = .int(integer)
    } else if let number = try? container.decode(Double.self) {
      value = .double(number)
    } else if let text = try? container.decode(String.self) {
      value = .string(text)
    } else if let list = try? container.decode([AnyJSON].self) {
      value = .list(list.map(\.value))
    } else {
      value = .object(try container.decode([String: AnyJSON].self).mapValues(\.value))
    }
  }
}
