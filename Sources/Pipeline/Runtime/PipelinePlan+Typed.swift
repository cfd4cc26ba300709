public import EdgepipeCore
import Foundation

extension PipelinePlan.StagePlan {
  /// A stage of a pipeline that is built in code, with its options as values.
  ///
  /// They are checked like those of a pipeline file: what is out of range is refused here.
  ///
  /// - Parameters:
  ///   - after: the stages that it takes frames from; empty for sources.
  ///   - workers: at most ``Stage/maximumWorkers``.
  /// - Throws: every option at fault, such as `objects: config.score: ...`.
  public init<S: Stage>(
    _ id: String, _ stage: S.Type, _ configuration: S.Configuration = S.Configuration(), after: [String] = [],
    workers: Int = 1, queueCapacity: Int? = nil, overflow: OverflowPolicy? = nil
  ) throws(ConfigErrors) {
    let bytes: [UInt8]
    do { bytes = [UInt8](try JSONEncoder.stable.encode(configuration)) } catch {
      throw ConfigErrors(issues: [Self.issue(error, stage: id)])
    }
    var issues = IssueCollector(file: id)
    if let node = JSONParser.parse(bytes, issues: &issues) {
      S.Configuration.schema.validate(node, path: "config", issues: &issues)
    }
    var errors = issues.errors ?? ConfigErrors(issues: [])
    // The places in a text that nobody wrote help nobody.
    for index in errors.issues.indices { (errors.issues[index].line, errors.issues[index].column) = (nil, nil) }
    if workers < 1 || workers > S.maximumWorkers {
      errors.issues.append(
        ConfigIssue(
          file: id, path: "workers", message: "\(S.type) takes 1 to \(S.maximumWorkers) workers, found \(workers)"))
    }
    if !errors.issues.isEmpty { throw errors }
    self.init(
      id: id, descriptor: StageDescriptor(S.self), configuration: bytes, after: after, workers: workers,
      queueCapacity: queueCapacity, overflow: overflow)
  }

  /// A value that JSON does not have, such as a number that is not finite.
  private static func issue(_ error: any Error, stage id: String) -> ConfigIssue {
    guard case EncodingError.invalidValue(let value, let context) = error else {
      return ConfigIssue(file: id, path: "config", message: "\(error)")
    }
    let path = ["config"] + context.codingPath.map(\.stringValue)
    return ConfigIssue(file: id, path: path.joined(separator: "."), message: "\(value) cannot be written as JSON")
  }
}

extension PipelinePlan {
  /// The plan as an indented pipeline file. A budget of power is no part of a plan.
  public var json: String {
    var members: [JSONNode.Member] = [.made("version", .made(1)), .made("name", .made(name))]
    if let deadlineMs { members.append(.made("budget", .made([.made("deadlineMs", .made(deadlineMs))]))) }
    if let framesInFlight { members.append(.made("framesInFlight", .made(framesInFlight))) }
    members.append(.made("stages", .made(stages.map(\.node))))
    return JSONNode.made(members).text(indented: true) + "\n"
  }
}

extension PipelinePlan.StagePlan {
  fileprivate var node: JSONNode {
    var members: [JSONNode.Member] = [.made("id", .made(id)), .made("type", .made(descriptor.type))]
    if !after.isEmpty { members.append(.made("after", .made(after.map { .made($0) }))) }
    if workers != 1 { members.append(.made("workers", .made(workers))) }
    let queue: [JSONNode.Member?] = [
      queueCapacity.map { .made("capacity", .made($0)) }, overflow.map { .made("overflow", .made($0.rawValue)) },
    ]
    if queue.contains(where: { $0 != nil }) { members.append(.made("queue", .made(queue.compactMap { $0 }))) }
    members += requirements.map { .made("requires", .made($0.rawValue)) }
    var issues = IssueCollector(file: id)
    if let config = JSONParser.parse(configuration, issues: &issues) { members.append(.made("config", config)) }
    return .made(members)
  }
}
