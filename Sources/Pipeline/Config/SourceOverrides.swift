import EdgepipeCore
import Glibc

/// What `--source` and `--source-list` change: collected first, since several for one source become its streams.
struct SourceOverrides {
  struct Change {
    let stage: Int
    let keys: ArraySlice<String>
    let value: JSONNode
  }

  private struct Input {
    /// Nil: numbered after the stage.
    let name: String?
    let url: String
    let origin: JSONNode.Origin
  }

  private let stages: [JSONNode]
  /// Indices of the stages that are sources.
  private let sources: [Int]
  private var inputs: [Int: [Input]] = [:]
  private var list: (path: String, origin: JSONNode.Origin)?

  private let exists: (String) -> Bool

  /// - Parameter exists: whether there is a file of this name, relative to the working directory.
  init(root: JSONNode, registry: StageRegistry, exists: @escaping (String) -> Bool = Self.exists) {
    self.exists = exists
    let stages = root["stages"]?.elements ?? []
    self.stages = stages
    sources = stages.indices.filter { index in
      guard let type = stages[index]["type"]?.string else { return false }
      return registry[type].map { $0.role == .source } ?? type.hasPrefix("source.")
    }
  }

  private func name(_ index: Int) -> String { stages[index]["id"]?.string ?? "" }
  private var known: [String] { sources.map(name) }
  private var help: String { "sources: " + known.prefix(20).map(Quoted.plain).joined(separator: ", ") }

  /// - Parameter target: the text's two parts, where it can be read as `id=URL`.
  mutating func add(
    _ text: String, target: (id: String, url: String)?, origin: JSONNode.Origin, issues: inout IssueCollector
  ) {
    if let target {
      if let index = sources.first(where: { name($0) == target.id }) {
        inputs[index, default: []].append(Input(name: target.id, url: target.url, origin: origin))
        return
      }
      if stages.contains(where: { $0["id"]?.string == target.id }) {
        return issues.add("stage '\(target.id)' is not a source", at: origin, path: "", note: help)
      }
      if sources.count != 1 {
        let suggestion = NearestName.suggestion(for: target.id, among: known)
        return issues.add("no source '\(target.id)'", at: origin, path: "", suggestion: suggestion, note: help)
      }
      // A file may be called `a=b.mp4`; everything else was meant as a name.
      if !exists(text) {
        inputs[sources[0], default: []].append(Input(name: target.id, url: target.url, origin: origin))
        return
      }
    }
    switch sources.count {
    case 0: issues.add("the pipeline has no source", at: origin, path: "")
    case 1: inputs[sources[0], default: []].append(Input(name: nil, url: text, origin: origin))
    default:
      issues.add("the pipeline has \(sources.count) sources; write --source id=URL", at: origin, path: "", note: help)
    }
  }

  private static func exists(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: `path` is passed as a NUL-terminated copy and `status` outlives the call, which writes one `stat`.
    return unsafe lstat(path, &status) == 0
  }

  mutating func add(list path: String, origin: JSONNode.Origin, issues: inout IssueCollector) {
    guard sources.count == 1 else {
      let what = sources.isEmpty ? "the pipeline has no source" : "the pipeline has \(sources.count) sources"
      return issues.add(what + "; a stream list needs exactly one", at: origin, path: "", note: help)
    }
    list = (path, origin)
  }

  /// The keys that say where frames come from.
  fileprivate static let inputKeys: Set<String> = ["url", "stream", "streams", "list"]

  /// What to set where; the inputs that the file names give way to all of these.
  var changes: [Change] {
    sources.compactMap { index in
      let inputs = inputs[index] ?? []
      let list = index == sources.first ? list : nil
      guard let origin = inputs.first?.origin ?? list?.origin else { return nil }
      let config = stages[index]["config"]
      let isOne = list == nil && inputs.count == 1 && (inputs[0].name ?? name(index)) == name(index)
      // A config that is no object is complained of where the key is set.
      if isOne, config.map({ $0.members == nil || $0["streams"] == nil && $0["list"] == nil }) ?? true {
        return Change(stage: index, keys: ["config", "url"], value: JSONNode(.string(inputs[0].url), origin: origin))
      }
      var members = (config?.members ?? []).filter { !Self.inputKeys.contains($0.key) }
      if isOne { members.append(Self.member("url", inputs[0].url, origin)) }
      if !isOne, !inputs.isEmpty {
        let streams = inputs.enumerated().map { number, input in
          let id = input.name ?? "\(name(index))-\(number + 1)"
          let parts = [Self.member("id", id, input.origin), Self.member("url", input.url, input.origin)]
          return JSONNode(.object(parts), origin: input.origin)
        }
        members.append(
          JSONNode.Member(key: "streams", keyOrigin: origin, value: JSONNode(.array(streams), origin: origin)))
      }
      if let list { members.append(Self.member("list", list.path, list.origin)) }
      return Change(
        stage: index, keys: ["config"], value: JSONNode(.object(members), origin: config?.origin ?? origin))
    }
  }

  private static func member(_ key: String, _ text: String, _ origin: JSONNode.Origin) -> JSONNode.Member {
    JSONNode.Member(key: key, keyOrigin: origin, value: JSONNode(.string(text), origin: origin))
  }
}

extension StageSettings {
  /// Whether what brings frames in was given on the command line.
  var hasReplacedInputs: Bool {
    guard role == .source else { return false }
    return config.members?.contains { member in
      guard SourceOverrides.inputKeys.contains(member.key), case .override = member.value.origin else { return false }
      return true
    } ?? false
  }
}
