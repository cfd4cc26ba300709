import EdgepipeCore
import Foundation

extension PipelinePlan.StagePlan {
  /// A stage of a pipeline that is built in code, with its options as values.
  ///
  /// They are checked like those of a pipeline file: what is out of range is refused here.
  ///
  /// - Parameters:
  ///   - after: the stages that it takes frames from; empty for sources.
  ///   - workers: at most ``Stage/maximumWorkers``.
  /// - Throws: `ConfigErrors` with every option at fault, such as `objects: config.score: ...`.
  public init<S: Stage>(
    _ id: String, _ stage: S.Type, _ configuration: S.Configuration = S.Configuration(), after: [String] = [],
    workers: Int = 1, queueCapacity: Int? = nil, overflow: OverflowPolicy? = nil
  ) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = [UInt8](try encoder.encode(configuration))
    var issues = IssueCollector(file: id)
    if let node = JSONParser.parse(bytes, issues: &issues) {
      S.Configuration.schema.validate(node, path: "config", issues: &issues)
    }
    var errors = issues.errors ?? ConfigErrors(issues: [])
    // The places in a text that nobody wrote help nobody.
    for index in errors.issues.indices { (errors.issues[index].line, errors.issues[index].column) = (nil, nil) }
    if !(1...S.maximumWorkers).contains(workers) {
      errors.issues.append(
        ConfigIssue(
          file: id, path: "workers", message: "\(S.type) takes 1 to \(S.maximumWorkers) workers, found \(workers)"))
    }
    if !errors.issues.isEmpty { throw errors }
    self.init(
      id: id, descriptor: StageDescriptor(S.self), configuration: bytes, after: after, workers: workers,
      queueCapacity: queueCapacity, overflow: overflow)
  }
}

extension PipelinePlan {
  /// The plan as a pipeline file, indented, with sorted keys, ending in a newline. A budget of power is no part of a
  /// plan.
  public func json() throws -> String {
    var root: [String: Any] = ["version": 1, "name": name]
    root["framesInFlight"] = framesInFlight
    if let deadlineMs { root["budget"] = ["deadlineMs": deadlineMs] }
    root["stages"] = try stages.map { stage in
      var object: [String: Any] = ["id": stage.id, "type": stage.descriptor.type]
      object["config"] = try JSONSerialization.jsonObject(with: Data(stage.configuration))
      if !stage.after.isEmpty { object["after"] = stage.after }
      if stage.workers != 1 { object["workers"] = stage.workers }
      var queue: [String: Any] = [:]
      queue["capacity"] = stage.queueCapacity
      queue["overflow"] = stage.overflow?.rawValue
      if !queue.isEmpty { object["queue"] = queue }
      return object
    }
    let data = try JSONSerialization.data(
      withJSONObject: root, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}
