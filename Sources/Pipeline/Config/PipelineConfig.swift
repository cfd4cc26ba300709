public import EdgepipeCore

/// A pipeline file that has been read and checked.
public struct PipelineConfig: Sendable {
  /// The version of the file format.
  public var version: Int
  /// For reports.
  public var name: String
  public var budget: Budget
  /// Frames that may be in the pipeline at once, or nil to let the runtime choose.
  public var framesInFlight: Int?
  /// Folders of plugins, relative to the working directory.
  package var plugins: [String] = []
  /// In the order of the file; at least one source and one sink, every link leads somewhere, no cycles.
  public var stages: [StageSettings]
  /// The file as the user named it.
  public var file: String
  /// What each override is called in errors.
  var overrideNames: [String]

  /// What the pipeline may use.
  public struct Budget: Sendable, Hashable {
    /// Milliseconds from capture to delivery for frames of live sources, or nil.
    public var deadlineMs: Double?
    /// Megabytes that a supervised run should not exceed, or nil.
    public var memoryMB: Double?
    /// Watts that the machine should not exceed, or nil.
    public var powerW: Double?
    /// Detectors look at fewer frames of live streams where the power would exceed ``powerW``.
    public var enforce: Bool

    public init(deadlineMs: Double? = nil, powerW: Double? = nil, enforce: Bool = false) {
      self.deadlineMs = deadlineMs
      self.powerW = powerW
      self.enforce = enforce
    }
  }

  public subscript(stage id: String) -> StageSettings? { stages.first { $0.id == id } }
}

/// The queue in front of a stage.
package struct QueueSettings: Sendable, Hashable {
  /// For one or two streams.
  static let defaultCapacity = 4

  /// Frames that may wait; nil when the file leaves it to the number of streams.
  package var capacity: Int?
  /// Nil when the file leaves it to the source: `block` behind files, `dropLate` behind live sources.
  package var overflow: OverflowPolicy?

  init(capacity: Int? = nil, overflow: OverflowPolicy? = nil) {
    self.capacity = capacity
    self.overflow = overflow
  }
}

// MARK: - Issues that stages find

extension PipelineConfig {
  /// An issue at a stage's `config`, or at one value of it.
  ///
  /// - Parameter key: such as `model` or `zones[1].labels[0]`.
  public func issue(
    forStage id: String, key: String? = nil, message: String, code: PipelineError.Code = .invalidConfiguration
  ) -> ConfigIssue {
    guard let stage = self[stage: id] else { return ConfigIssue(file: file, message: "\(id): \(message)", code: code) }
    let value = key.flatMap { stage.config.value(at: $0) }
    let path = "stages[\(stage.index)].config"
    var issue = ConfigIssue(
      file: file, path: value == nil ? path : "\(path).\(key ?? "")",
      message: stage.config.withoutEnvironment(message), code: code)
    issue.place(at: value?.origin ?? stage.config.origin, overrideNames: overrideNames)
    return issue
  }

  /// What a stage threw when it was made, at the place in the file: at the key whose value the error names, such as a
  /// model that is not there, else at the stage's `config`.
  ///
  /// - Parameter key: where the value is known.
  public func issue(forStage id: String, error: any Error, key: String? = nil) -> ConfigIssue {
    switch error {
    case let issue as ConfigIssue: return issue
    case let error as PipelineError:
      var error = error
      error.stage = nil
      return issue(
        forStage: id, key: key ?? keyNamed(in: error.message, stage: id), message: error.description, code: error.code)
    case DecodingError.dataCorrupted(let context), DecodingError.keyNotFound(_, let context),
      DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      return issue(forStage: id, key: context.codingPath.first?.stringValue, message: context.debugDescription)
    default: return issue(forStage: id, message: "\(error)")
    }
  }

  /// What is wrong with a stage, at its place in the file.
  public func issue(_ fault: StageFault) -> ConfigIssue {
    var error = fault.error
    let value = fault.key.flatMap { self[stage: error.stage ?? ""]?.config.value(at: $0) }
    // A value from the environment is not described, not even by what it resembles.
    if value?.original != nil { error.remedy = nil }
    return issue(forStage: error.stage ?? "", error: error, key: fault.key)
  }

  private func keyNamed(in message: String, stage id: String) -> String? {
    let named = self[stage: id]?.config.members?.filter { member in
      guard let value = member.value.string, !value.isEmpty else { return false }
      return message.contains("'\(value)'") || message.contains("'\(URLRedaction.redact(value))'")
    }
    return named?.first?.key
  }
}

extension JSONNode {
  /// The value at a path such as `zones[1].labels[0]`; nil where there is none.
  fileprivate func value(at path: String) -> JSONNode? {
    var node: JSONNode? = path.isEmpty ? nil : self
    for part in path.split(whereSeparator: { ".[".contains($0) }) {
      if part.hasSuffix("]") {
        let elements = node?.elements ?? [], index = Int(part.dropLast()) ?? -1
        node = elements.indices.contains(index) ? elements[index] : nil
      } else {
        node = node?[String(part)]
      }
    }
    return node
  }

  /// `message` with every value that the environment gave replaced by what the file says.
  fileprivate func withoutEnvironment(_ message: String) -> String {
    switch value {
    case .string(let string):
      guard let original, !string.isEmpty else { return message }
      return message.replacing(string, with: original)
    case .array(let elements): return elements.reduce(message) { $1.withoutEnvironment($0) }
    case .object(let members): return members.reduce(message) { $1.value.withoutEnvironment($0) }
    default: return message
    }
  }
}
