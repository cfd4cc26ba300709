package import EdgepipeCore

extension RunView {
  /// Reads a report of `edgepipe run --report`.
  ///
  /// - Throws: ``PipelineError``: `notFound` for a file that cannot be read, `malformed` for one that is no run report.
  package init(file: String) throws(PipelineError) {
    let text: String
    do throws(SystemTree.Failure) { text = try SystemTree.contents(file) } catch {
      throw PipelineError(
        "cannot read the run report \(Quoted.text(file)): \(error)",
        remedy: "create one with: edgepipe run PIPELINE.json --report FILE", code: .notFound)
    }
    try self.init(text: text, name: file)
  }

  /// - Parameter name: what errors call the report.
  package init(text: String, name: String) throws(PipelineError) {
    var issues = IssueCollector(file: name)
    guard let root = JSONParser.parse(Array(text.utf8), issues: &issues), issues.errors == nil else {
      throw Self.refusal(name, issues.errors?.issues.first.map(Self.words) ?? "it is not JSON")
    }
    try self.init(root, name: name)
  }

  /// - Throws: ``PipelineError`` `malformed` where what every report has is missing.
  package init(_ root: JSONNode, name: String) throws(PipelineError) {
    guard root.members != nil else { throw Self.refusal(name, "it is not an object") }
    guard let version = root["v"]?.integer else { throw Self.refusal(name, "it has no version 'v'") }
    guard version == 1 else { throw Self.refusal(name, "its version is \(version); this edgepipe reads version 1") }
    guard let stages = root["stages"]?.members, let ledger = root["ledger"], ledger.members != nil,
      let wall = root["wall_s"]?.number, wall >= 0
    else { throw Self.refusal(name, "it lacks 'stages', 'ledger' or 'wall_s'") }
    let resources = root["resources"], machine = root["machine"], limit = resources?["memory_limit_mb"]?.number
    let cores = resources.amount("cores") ?? machine.amount("cores") ?? 1
    self.init(
      pipeline: root["pipeline"]?.string ?? "", file: root["file"]?.string, wallS: wall,
      admitted: ledger.count("admitted"), delivered: ledger.count("delivered"), failed: ledger.count("failed"),
      cores: cores, machineCores: max(cores, machine.amount("cores") ?? cores),
      cpuS: resources.amount("cpu_s") ?? root.amount("cpu_s") ?? 0,
      otherCPUS: resources.amount("other_programs_cpu_s"), throttledS: resources.amount("throttled_s"),
      peakMB: root.amount("peak_rss_mb") ?? 0, memoryLimitMB: limit ?? machine.amount("memory_mb"),
      isMemoryLimitOfGroup: limit != nil, memoryBudgetMB: resources.amount("memory_budget_mb"),
      fileMB: resources.amount("file_pages_mb"), power: Self.power(root["power"]),
      stages: stages.map { StageView($0.key, $0.value) }, before: Self.before(root["links"]),
      streams: (root["streams"]?.members ?? []).map { StreamView($0.key, $0.value) }, exit: root["exit"]?.integer,
      errors: (root["errors"]?.elements ?? []).compactMap(\.string))
  }

  private static func before(_ links: JSONNode?) -> [String: Set<String>] {
    var before: [String: Set<String>] = [:]
    for link in links?.elements ?? [] {
      guard let from = link["from"]?.string, let to = link["to"]?.string else { continue }
      before[to, default: []].insert(from)
    }
    return before
  }

  private static func power(_ node: JSONNode?) -> Power {
    let budget = node?["budget"]
    return Power(
      isEstimate: node?["estimated"]?.bool ?? false, meanW: node.amount("mean_w"), energyJ: node.amount("energy_j"),
      seconds: node.amount("seconds"), idleW: node.amount("idle_w"), budgetW: budget.amount("power_w"),
      highestMeanW: budget.amount("highest_mean_w"))
  }

  private static func words(_ issue: ConfigIssue) -> String {
    guard let line = issue.line, let column = issue.column else { return issue.message }
    return "line \(line), column \(column): \(issue.message)"
  }

  private static func refusal(_ name: String, _ why: String) -> PipelineError {
    PipelineError(
      "\(Quoted.text(name)) is not a run report: \(why)",
      remedy: "create one with: edgepipe run PIPELINE.json --report FILE", code: .malformed)
  }
}

extension StageView {
  init(_ id: String, _ node: JSONNode) {
    let service = node["service_ms"]
    let worked = node["worked"]?.integer ?? service?.count("count") ?? 0
    self.init(
      id: id, type: node["type"]?.string ?? "", workers: max(1, node.count("workers")), framesIn: node.count("in"),
      framesOut: node.count("out"), dropped: node.counts("dropped_by_reason"), failed: node.count("failed"),
      detections: node.count("detections"), worked: max(0, worked),
      // Reports of older versions have the mean alone.
      workMs: node.amount("work_ms") ?? (service.amount("mean") ?? 0) * Double(max(0, worked)),
      cpuMs: max(0, (node.amount("cpu_ms") ?? 0) - (node.amount("startup_cpu_ms") ?? 0)),
      pausedMs: node.amount("paused_ms") ?? 0, blockedMs: node.amount("blocked_ms") ?? 0,
      queueHighest: node.count("queue_highest"), queueCapacity: node["queue_capacity"]?.integer,
      energyJ: node.amount("energy_j"), counters: node.counts("counters"), facts: node["facts"])
  }
}

extension StreamView {
  init(_ id: String, _ node: JSONNode) {
    var dropped: [String: Int] = [:]
    for entry in node["dropped_by"]?.elements ?? [] {
      guard let reason = entry["reason"]?.string else { continue }
      dropped[reason] = max(dropped[reason] ?? 0, 0).adding(entry.count("count"))
    }
    let health = node["health"]
    self.init(
      id: id, source: node["source"]?.string ?? "", isLive: node["live"]?.bool ?? false,
      deadlineMs: node.amount("deadline_ms"), mediaS: node.amount("media_s") ?? 0, admitted: node.count("admitted"),
      delivered: node.count("delivered"), dropped: dropped, late: node.count("late"),
      latencyP95Ms: node["latency_ms"].amount("p95") ?? 0, state: health?["state"]?.string,
      lastError: health?["last_error"]?.string, faults: health?.count("faults") ?? 0,
      faultS: (health?["changes"]?.elements ?? []).reduce(0) { $0 + ($1.amount("fault_s") ?? 0) })
  }
}

extension JSONNode {
  /// A count that is not there, or is none, is 0.
  func count(_ key: String) -> Int { max(0, self[key]?.integer ?? 0) }

  /// An amount that is not negative.
  func amount(_ key: String) -> Double? { self[key]?.number.flatMap { $0 >= 0 ? $0 : nil } }

  func counts(_ key: String) -> [String: Int] {
    Dictionary(
      (self[key]?.members ?? []).compactMap { member in member.value.integer.map { (member.key, max(0, $0)) } },
      uniquingKeysWith: { first, _ in first })
  }
}

extension JSONNode? {
  func amount(_ key: String) -> Double? { flatMap { $0.amount(key) } }
}

extension Int {
  /// Figures come from a file: a sum that does not fit is the largest number.
  func adding(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
