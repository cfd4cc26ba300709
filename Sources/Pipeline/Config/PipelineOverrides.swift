import EdgepipeCore

/// What the command line changes in a pipeline file, as the user wrote it. `${NAME}` works as in the file, which keeps
/// secrets out of the process list.
public struct PipelineOverrides: Sendable, Hashable {
  /// `stage.key=value`: the value is JSON when it reads as JSON, else a string. `type`, `after`, `workers` and `queue`
  /// are the stage's own keys, any other belongs to its `config`; `stage.config.key` always does.
  public var sets: [String]
  /// `URL` for the `url` of the single source, `id=URL` where there are several. For a single source, several of them
  /// (`URL` or `name=URL`) become its streams.
  public var sources: [String]
  /// A file of streams for the single source, one `id url` a line.
  public var sourceList: String?

  public init(sets: [String] = [], sources: [String] = [], sourceList: String? = nil) {
    self.sets = sets
    self.sources = sources
    self.sourceList = sourceList
  }

  /// What each override is called in errors: its target without the value, which may be a secret.
  var names: [String] {
    sets.map { "--set " + Quoted.plain($0.prefix { $0 != "=" }) }
      + sources.map { source in sourceTarget(source).map { "--source \($0.id)" } ?? "--source" }
      + (sourceList == nil ? [] : ["--source-list"])
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
    if sources.isEmpty, sourceList == nil { return }
    var inputs = SourceOverrides(root: root, registry: registry)
    for (index, text) in sources.enumerated() {
      let origin = JSONNode.Origin.override(Int32(clamping: sets.count + index))
      inputs.add(text, target: sourceTarget(text), origin: origin, issues: &issues)
    }
    if let sourceList {
      inputs.add(list: sourceList, origin: .override(Int32(clamping: sets.count + sources.count)), issues: &issues)
    }
    for change in inputs.changes {
      set(change.keys, change.value, stage: change.stage, root: &root, origin: change.value.origin, issues: &issues)
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
      return issues.add("is not an object and has no keys to set", at: origin, path: path)
    }
    members[member].value.value = .array(stages)
    root.value = .object(members)
  }
}
