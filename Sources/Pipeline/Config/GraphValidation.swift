import EdgepipeCore

/// Checks that the stages of a pipeline file make a graph through which frames can flow from sources to sinks.
///
/// Works on names and roles only: no stage is made. Whatever else is wrong with a stage was reported before, and what
/// follows from such a mistake alone is not reported again.
struct GraphValidation {
  private struct Link {
    let name: String
    let node: JSONNode
    let path: String
  }

  private struct Vertex {
    let name: String?
    /// As messages show it.
    let label: String
    /// Nil for unknown types: such a stage could be anything.
    let role: StageRole?
    let origin: JSONNode.Origin
    let path: String
    let after: [Link]
    let afterOrigin: JSONNode.Origin?
    /// False where `after` could not be read.
    let isReadable: Bool
  }

  private let vertices: [Vertex]
  private let indexByName: [String: Int]

  /// - Parameter stages: the entries of the file's `stages`, right or wrong.
  init(stages: [JSONNode], registry: StageRegistry) {
    vertices = stages.enumerated().map { index, node in
      let path = "stages[\(index)]"
      let after = node["after"]
      let links = (after?.elements ?? []).enumerated().compactMap { place, link in
        link.string.map { Link(name: $0, node: link, path: "\(path).after[\(place)]") }
      }
      let isReadable = node.members != nil && (after.map { $0.elements?.count == links.count } ?? true)
      return Vertex(
        name: node["id"]?.string, label: node["id"]?.quoted ?? "number \(index + 1)",
        role: node["type"]?.string.flatMap { registry[$0]?.role },
        origin: node["id"]?.origin ?? node.origin, path: path, after: links, afterOrigin: after?.origin,
        isReadable: isReadable)
    }
    var indexByName: [String: Int] = [:]
    for (index, vertex) in vertices.enumerated() {
      if let name = vertex.name, indexByName[name] == nil { indexByName[name] = index }
    }
    self.indexByName = indexByName
  }

  func check(stagesOrigin: JSONNode.Origin, issues: inout IssueCollector) {
    checkNames(issues: &issues)
    checkRoles(stagesOrigin: stagesOrigin, issues: &issues)
    let inputs = vertices.indices.map { checkLinks(of: $0, issues: &issues) }
    let inCycle = checkCycles(inputs, issues: &issues)
    checkEnds(inputs, inCycle: inCycle, issues: &issues)
  }

  private func checkNames(issues: inout IssueCollector) {
    for (index, vertex) in vertices.enumerated() {
      guard let name = vertex.name, let first = indexByName[name], first != index else { continue }
      let place = JSONParser.words(for: vertices[first].origin)
      issues.add("duplicate stage id \(vertex.label); \(place)", at: vertex.origin, path: vertex.path + ".id")
    }
  }

  private func checkRoles(stagesOrigin: JSONNode.Origin, issues: inout IssueCollector) {
    // A stage of unknown type could be what is missing.
    if !vertices.contains(where: { $0.role == .source || $0.role == nil }) {
      issues.add("no source: no stage supplies frames", at: stagesOrigin, path: "stages")
    }
    if !vertices.contains(where: { $0.role == .sink || $0.role == nil }) {
      issues.add("no sink: no stage takes the results", at: stagesOrigin, path: "stages")
    }
    for vertex in vertices {
      if vertex.role == .source, let origin = vertex.afterOrigin, !vertex.after.isEmpty {
        issues.add("\(vertex.label) is a source and cannot have 'after'", at: origin, path: vertex.path + ".after")
      }
      if vertex.role == .transform || vertex.role == .sink, vertex.after.isEmpty, vertex.isReadable {
        let (origin, path) = vertex.afterOrigin.map { ($0, ".after") } ?? (vertex.origin, "")
        let what = vertex.role == .sink ? "a sink" : "a transform"
        issues.add(
          "\(vertex.label) is \(what) and needs 'after' with the stages whose frames it takes", at: origin,
          path: vertex.path + path)
      }
    }
  }

  /// The stages that a stage takes frames from. A misspelt name counts as the one that was meant, so that one mistake
  /// gives one issue.
  private func checkLinks(of index: Int, issues: inout IssueCollector) -> [Int] {
    let vertex = vertices[index]
    var inputs: [Int] = []
    var seen: Set<Int> = []
    for link in vertex.after {
      guard let input = indexByName[link.name] else {
        // What is only counted needs no suggestion, which takes the most time.
        if issues.isFull {
          issues.add("", at: link.node.origin, path: "")
          continue
        }
        let others = vertices.indices.filter { $0 != index && vertices[$0].role != .sink }
        let known = others.compactMap { vertices[$0].name }
        let suggestion = NearestName.suggestion(for: link.name, among: known)
        issues.add(
          "unknown stage \(link.node.quoted)", at: link.node.origin, path: link.path,
          suggestion: link.node.original == nil ? suggestion : nil,
          note: suggestion == nil ? "stages: " + known.prefix(20).map(Quoted.plain).joined(separator: ", ") : nil)
        if let meant = suggestion.flatMap({ indexByName[$0] }), seen.insert(meant).inserted { inputs.append(meant) }
        continue
      }
      if input == index {
        issues.add("a stage cannot come after itself", at: link.node.origin, path: link.path)
      } else if !seen.insert(input).inserted {
        issues.add("\(link.node.quoted) is named twice", at: link.node.origin, path: link.path)
      } else {
        if vertices[input].role == .sink {
          issues.add("\(link.node.quoted) is a sink and passes nothing on", at: link.node.origin, path: link.path)
        }
        inputs.append(input)
      }
    }
    return inputs
  }

  /// Reports cycles that share no stage, each once, and says which stages are in them.
  private func checkCycles(_ inputs: [[Int]], issues: inout IssueCollector) -> Set<Int> {
    var inCycle: Set<Int> = []
    while true {
      // What can be put in order is in no cycle; of the rest, every stage has an input in the rest.
      let rest = unordered(inputs, without: inCycle)
      guard var at = rest.min() else { return inCycle }
      var walk: [Int] = []
      while !walk.contains(at) {
        walk.append(at)
        guard let next = inputs[at].first(where: { rest.contains($0) }) else { return inCycle }
        at = next
      }
      // The walk went against the flow; the message goes with it, from the stage that the file names first.
      var cycle = Array(walk[(walk.firstIndex(of: at) ?? 0)...].reversed())
      let start = cycle.indices.min { cycle[$0] < cycle[$1] } ?? 0
      cycle = Array(cycle[start...] + cycle[..<start])
      inCycle.formUnion(cycle)
      let first = vertices[cycle[0]]
      let from = first.after.first { indexByName[$0.name] == cycle[cycle.count - 1] }
      let names = (cycle + [cycle[0]]).map { vertices[$0].label.filter { $0 != "'" } }
      issues.add(
        "the stages form a cycle: " + names.joined(separator: " -> "), at: from?.node.origin ?? first.origin,
        path: from?.path ?? first.path)
    }
  }

  /// The stages that are in a cycle or come after one, when those in `removed` are taken away.
  private func unordered(_ inputs: [[Int]], without removed: Set<Int>) -> Set<Int> {
    var rest = Set(vertices.indices).subtracting(removed)
    var outputs = [[Int]](repeating: [], count: vertices.count)
    var waiting = [Int](repeating: 0, count: vertices.count)
    for index in rest {
      for input in inputs[index] where rest.contains(input) {
        outputs[input].append(index)
        waiting[index] += 1
      }
    }
    var free = rest.filter { waiting[$0] == 0 }
    while let index = free.popFirst() {
      rest.remove(index)
      for output in outputs[index] {
        waiting[output] -= 1
        if waiting[output] == 0 { free.insert(output) }
      }
    }
    return rest
  }

  /// Reports stages whose frames reach no sink.
  private func checkEnds(_ inputs: [[Int]], inCycle: Set<Int>, issues: inout IssueCollector) {
    // Without any sink one issue says it all.
    guard vertices.contains(where: { $0.role == .sink }) else { return }
    var useful = Set(vertices.indices.filter { vertices[$0].role == .sink || vertices[$0].role == nil }).union(inCycle)
    var queue = Array(useful)
    while let index = queue.popLast() {
      for input in inputs[index] where useful.insert(input).inserted { queue.append(input) }
    }
    let anyUnreadable = vertices.contains { !$0.isReadable }
    for (index, vertex) in vertices.enumerated() where !useful.contains(index) && !anyUnreadable {
      let isTaken = inputs.contains { $0.contains(index) }
      let reason = isTaken ? "leads to no sink" : "leads nowhere: no stage takes its frames"
      issues.add("\(vertex.label) \(reason)", at: vertex.origin, path: vertex.path)
    }
  }
}
