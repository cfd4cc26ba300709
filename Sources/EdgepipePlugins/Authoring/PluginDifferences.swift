import EdgepipeCore
import EdgepipePluginHost

extension FoundPlugin {
  /// What the library says otherwise than the manifest; nobody may be told one thing and be given another.
  func differences(from library: PluginLibrary) -> [String] {
    var found: [String] = []
    if library.name != manifest.name { found.append("the library is called '\(library.name)'") }
    if library.version != manifest.pluginVersion { found.append("the library has the version \(library.version)") }
    for facts in library.types {
      guard let type = manifest.types.first(where: { $0.facts.type == facts.type }) else {
        found.append("the manifest lacks '\(facts.type)'")
        continue
      }
      let other = type.facts
      if other.role != facts.role { found.append("'\(facts.type)' has another role") }
      if other.flags != facts.flags { found.append("'\(facts.type)' needs or makes something else") }
      if other.maximumWorkers != facts.maximumWorkers { found.append("'\(facts.type)' takes other numbers of workers") }
      if other.timeLimitMs != facts.timeLimitMs { found.append("'\(facts.type)' has another time limit") }
      if other.formats != facts.formats { found.append("'\(facts.type)' takes other formats") }
      if other.labels != facts.labels { found.append("'\(facts.type)' has other labels") }
      if Self.plain(other.schema) != Self.plain(facts.schema) { found.append("'\(facts.type)' has other options") }
    }
    for type in manifest.types where !library.types.contains(where: { $0.type == type.facts.type }) {
      found.append("the library lacks '\(type.facts.type)'")
    }
    return found
  }

  /// Equal schemas have equal texts.
  private static func plain(_ schema: String?) -> String? {
    schema.flatMap { JSONParser.value($0, origin: .none) }.map { ordered($0).text() }
  }

  private static func ordered(_ node: JSONNode) -> JSONNode {
    switch node.value {
    case .object(let members):
      let sorted = members.sorted { $0.key < $1.key }
      return JSONNode(
        .object(sorted.map { .init(key: $0.key, keyOrigin: .none, value: ordered($0.value)) }), origin: .none)
    case .array(let elements): return JSONNode(.array(elements.map(ordered)), origin: .none)
    default: return node
    }
  }
}
