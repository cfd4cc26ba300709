package import EdgepipeCore
import Foundation

/// One stage as the pipeline file describes it.
public struct StageSettings: Sendable {
  package var id: String
  /// A registered stage type.
  package var type: String
  package var role: StageRole
  /// Of the `config` object.
  package var schema: ObjectSchema
  /// Of the type, where it comes from a plugin that the file names.
  var descriptor: StageDescriptor?
  /// The ids of the stages whose frames this one takes; empty for sources.
  package var after: [String]
  /// 1...the type's maximum.
  package var workers: Int
  package var queue: QueueSettings
  /// What must hold for all frames that come to it.
  package var requirements: Set<StageRequirement> = []
  /// The `config` object; empty when the file has none. It fits the schema of the type.
  package var config: JSONNode
  /// The place among the file's stages.
  var index: Int

  /// The option with this meaning; nil where the type has none.
  package func option(_ meaning: OptionMeaning) -> ObjectSchema.Property? {
    schema.properties.first { $0.meaning == meaning }
  }

  /// What the file says for the option with this meaning.
  package func value(_ meaning: OptionMeaning) -> JSONNode? { option(meaning).flatMap { config[$0.name] } }

  /// All texts with this meaning, also those in objects and lists, in the order of the schema.
  package func texts(_ meaning: OptionMeaning) -> [String] { schema.texts(meaning, in: config) }

  /// The `config` object in JSON, as `StageDescriptor.make` takes it.
  var configurationData: Data { config.data }
}

extension ObjectSchema {
  fileprivate func texts(_ meaning: OptionMeaning, in node: JSONNode) -> [String] {
    properties.flatMap { property -> [String] in
      guard let value = node[property.name] else { return [] }
      if property.meaning == meaning { return value.string.map { [$0] } ?? [] }
      switch property.kind {
      case .object(let schema): return schema.texts(meaning, in: value)
      case .list(.object(let schema), _): return (value.elements ?? []).flatMap { schema.texts(meaning, in: $0) }
      default: return []
      }
    }
  }
}
