/// What the command line changes in a pipeline file, as the user wrote it. `${NAME}` works as in the file, which keeps
/// secrets out of the process list.
public struct PipelineOverrides: Sendable, Hashable {
  /// `stage.key=value`: the value is JSON when it reads as JSON, else a string. `type`, `after`, `workers` and `queue`
  /// are the stage's own keys, any other belongs to its `config`; `stage.config.key` always does.
  public var sets: [String]
  /// `URL` for the `url` of the single source, `id=URL` where there are several.
  public var sources: [String]

  public init(sets: [String] = [], sources: [String] = []) {
    self.sets = sets
    self.sources = sources
  }

  /// What each override is called in errors: its target without the value, which may be a secret.
  var names: [String] {
    sets.map { "--set " + Quoted.plain($0.prefix { $0 != "=" }) }
      + sources.map { source in sourceTarget(source).map { "--source \($0.id)" } ?? "--source" }
  }

  /// `id` and the rest of `id=URL`, when the part before the first '=' can be an id.
  private func sourceTarget(_ text: String) -> (id: String, url: String)? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    let id = text[..<equals]
    let isID = !id.isEmpty && id.utf8.count <= 32 && id.utf8.allSatisfy { ($0.isWordByte && !($0 == "$")) || $0 == "-" }
    return isID ? (String(id), String(text[text.index(after: equals)...])) : nil
  }

  func apply(to root: inout JSONNode, registry: StageRegistry, issues: inout IssueCollector) {
    for (index, text) in sets.enumerated() {
      apply(set: text, to: &root, origin: .override(Int32(clamping: index)), issues: &issues)
    }
    for (index, text) in sources.enumerated() {
      let origin = JSONNode.Origin.override(Int32(clamping: sets.count + index))
      apply(source: text, to: &root, registry: registry, origin: origin, issues: &issues)
    }
  }

  // MARK: - --set

  /// Keys that belong to the stage itself.
  private static let stageKeys: Set<String> = ["type", "after", "workers", "queue", "config"]

  private func apply(set text: String, to root: inout JSONNode, origin: JSONNode.Origin, issues: inout IssueCollector) {
    guard let equals = text.firstIndex(of: "=") else {
      return issues.add("expected stage.key=value", at: origin, path: "")
    }
    let target = text[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard target.count >= 2, !target.contains("") else {
      return issues.add("expected stage.key=value", at: origin, path: "")
    }
    guard let index = stageIndex(target[0], in: root, origin: origin, issues: &issues) else { return }
    let keys = Self.stageKeys.contains(target[1]) ? target[1...] : ["config"] + target[1...]
    let raw = String(text[text.index(after: equals)...])
    let value = JSONParser.value(raw, origin: origin) ?? JSONNode(.string(raw), origin: origin)
    set(keys, value, stage: index, root: &root, origin: origin, issues: &issues)
  }

  private func stageIndex(
    _ id: String, in root: JSONNode, origin: JSONNode.Origin, issues: inout IssueCollector
  ) -> Int? {
    let stages = root["stages"]?.elements ?? []
    if let index = stages.firstIndex(where: { $0["id"]?.string == id }) { return index }
    let known = stages.compactMap { $0["id"]?.string }
    let suggestion = NearestName.suggestion(for: id, among: known)
    issues.add(
      "no stage \(Quoted.text(id))", at: origin, path: "", suggestion: suggestion,
      note: suggestion == nil ? "stages: " + known.prefix(20).map(Quoted.plain).joined(separator: ", ") : nil)
    return nil
  }

  private func set(
    _ keys: ArraySlice<String>, _ value: JSONNode, stage index: Int, root: inout JSONNode, origin: JSONNode.Origin,
    issues: inout IssueCollector
  ) {
    guard let member = root.members?.firstIndex(where: { $0.key == "stages" }), var members = root.members,
      var stages = members[member].value.elements, stages.indices.contains(index)
    else { return }
    if let obstacle = stages[index].set(keys, value, keyOrigin: origin) {
      let path = obstacle.reduce("stages[\(index)]") { JSONPath.join($0, key: $1) }
      return issues.add("is not an object, so that it has no keys to set", at: origin, path: path)
    }
    members[member].value.value = .array(stages)
    root.value = .object(members)
  }

  // MARK: - --source

  private func apply(
    source text: String, to root: inout JSONNode, registry: StageRegistry, origin: JSONNode.Origin,
    issues: inout IssueCollector
  ) {
    let stages = root["stages"]?.elements ?? []
    let sources = stages.indices.filter { index in
      guard let type = stages[index]["type"]?.string else { return false }
      return registry[type].map { $0.role == .source } ?? type.hasPrefix("source.")
    }
    func name(_ index: Int) -> String { stages[index]["id"]?.string ?? "" }
    let known = sources.map(name)
    let help = "sources: " + known.prefix(20).map(Quoted.plain).joined(separator: ", ")
    func put(_ url: String, into index: Int) {
      let value = JSONNode(.string(url), origin: origin)
      set(["config", "url"], value, stage: index, root: &root, origin: origin, issues: &issues)
    }

    if let target = sourceTarget(text) {
      if let index = sources.first(where: { name($0) == target.id }) { return put(target.url, into: index) }
      if stages.contains(where: { $0["id"]?.string == target.id }) {
        return issues.add("stage '\(target.id)' is not a source", at: origin, path: "", note: help)
      }
      // A file may be called `a=b.mp4`; what is followed by a URL was meant as a name.
      if sources.count != 1 || target.url.contains("://") {
        let suggestion = NearestName.suggestion(for: target.id, among: known)
        return issues.add("no source '\(target.id)'", at: origin, path: "", suggestion: suggestion, note: help)
      }
    }
    switch sources.count {
    case 0: issues.add("the pipeline has no source", at: origin, path: "")
    case 1: put(text, into: sources[0])
    default:
      issues.add("the pipeline has \(sources.count) sources; write --source id=URL", at: origin, path: "", note: help)
    }
  }
}
