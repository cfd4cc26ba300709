package import EdgepipeCore
import Foundation
import Synchronization

/// Keeps the options that change while a run goes on: what frames that are admitted now are worked on with.
package final class OptionBoard: Sendable {
  private struct State {
    var current: ChangedOptions?
    /// By version; of a replay only.
    var recorded: [ChangedOptions] = []
  }

  private let keepsAll: Bool

  /// Frames look here first: without a change there is nothing to lock for.
  private let hasChanged = Atomic<Bool>(false)
  private let state = Mutex(State())
  /// One change at a time: the next one begins with the values of this one. It may take long, while frames go on.
  private let changing = Mutex(())

  /// - Parameter keepsAll: in a replay, whose frames say which change came last before them.
  package init(keepsAll: Bool = false) { self.keepsAll = keepsAll }

  /// For the frames that are admitted now; nil before the first change.
  package var current: ChangedOptions? {
    hasChanged.load(ordering: .acquiring) ? state.withLock { $0.current } : nil
  }

  /// What a frame of the trace was admitted with.
  ///
  /// - Parameter version: 0 for the options that the run began with.
  func recorded(_ version: Int) -> ChangedOptions? {
    version == 0 ? nil : state.withLock { $0.recorded.indices.contains(version - 1) ? $0.recorded[version - 1] : nil }
  }

  /// Takes other values of some options of a stage.
  ///
  /// - Parameters:
  ///   - json: an object of the new values; null stands for the default.
  ///   - publish: called with the number of the change before any frame has it.
  /// - Returns: what has changed; without an option where all values are as they were.
  /// - Throws: ``PipelineError`` `invalidArgument` for values that the stage does not take; nothing then changes.
  package func change(
    _ stage: any Stage, _ plan: PipelinePlan.StagePlan, to json: [UInt8], publish: (Int) -> Void = { _ in }
  ) throws(PipelineError) -> OptionChange {
    guard let adjustable = stage as? any AdjustableStage else { throw Self.fixed(plan) }
    return try changing.withLock { _ throws(PipelineError) in
      let current = state.withLock { $0.current }
      var before = current?.configuration(of: plan.id)
      if before == nil { before = try Self.node(plan.configuration, plan) }
      let (after, options) = try Self.merge(Self.node(json, plan), into: before ?? .made([JSONNode.Member]()), plan)
      let change = OptionChange(version: (current?.version ?? 0) + 1, stage: plan.id, options: options)
      if options.isEmpty { return change }
      let value = try Self.adjust(adjustable, plan, after)
      publish(change.version)
      let changed = ChangedOptions(after: current, change, configuration: after, value: value)
      state.withLock { state in
        state.current = changed
        if keepsAll { state.recorded.append(changed) }
      }
      hasChanged.store(true, ordering: .releasing)
      return change
    }
  }

  private static func adjust(
    _ stage: any AdjustableStage, _ plan: PipelinePlan.StagePlan, _ configuration: JSONNode
  ) throws(PipelineError) -> any Sendable {
    do { return try stage.adjustment(forJSON: configuration.data) } catch {
      var error = PipelineError(error, stage: plan.id)
      // Not the file is wrong but what was asked for.
      if error.code == .invalidConfiguration { error.code = .invalidArgument }
      throw error
    }
  }

  private static func node(_ json: [UInt8], _ plan: PipelinePlan.StagePlan) throws(PipelineError) -> JSONNode {
    var issues = IssueCollector(file: "the options of '\(plan.id)'")
    guard let node = JSONParser.parse(json, issues: &issues), node.members != nil, issues.errors == nil else {
      throw refusal(issues.errors, plan, "expected an object of options, such as {\"score\": 0.5}")
    }
    return node
  }

  /// The configuration with the new values, and what has changed in it.
  private static func merge(
    _ changes: JSONNode, into configuration: JSONNode, _ plan: PipelinePlan.StagePlan
  ) throws(PipelineError) -> (JSONNode, [OptionChange.Option]) {
    let properties = plan.descriptor.schema.properties
    var merged = configuration, options: [OptionChange.Option] = []
    for member in changes.members ?? [] {
      guard let property = properties.first(where: { $0.name == member.key }) else {
        let suggestion = NearestName.suggestion(for: member.key, among: properties.map(\.name))
        throw PipelineError(
          "'\(plan.id)' has no option \(Quoted.text(member.key))",
          remedy: suggestion.map { "did you mean '\($0)'?" } ?? changeableText(plan), stage: plan.id,
          code: .invalidArgument)
      }
      guard property.isChangeable else {
        throw PipelineError(
          "'\(member.key)' of '\(plan.id)' cannot change while the pipeline runs", remedy: changeableText(plan),
          stage: plan.id, code: .invalidArgument)
      }
      let old = merged[member.key]?.plainText ?? property.defaultJSON
      var new: String? = member.value.plainText
      if case .null = member.value.value {
        new = property.defaultJSON
        merged.value = .object((merged.members ?? []).filter { $0.key != member.key })
      } else {
        merged.set([member.key], member.value)
      }
      if old != new { options.append(OptionChange.Option(name: member.key, old: old, new: new)) }
    }
    var issues = IssueCollector(file: "the options of '\(plan.id)'")
    plan.descriptor.schema.validate(merged, path: "", issues: &issues)
    if let errors = issues.errors { throw refusal(errors, plan, "") }
    return (merged, options)
  }

  private static func refusal(
    _ errors: ConfigErrors?, _ plan: PipelinePlan.StagePlan, _ otherwise: String
  ) -> PipelineError {
    let texts = errors?.issues.map { issue in
      (issue.path.isEmpty ? "" : issue.path + ": ") + issue.message
    }
    return PipelineError(
      "'\(plan.id)': " + (texts?.joined(separator: "; ") ?? otherwise),
      remedy: "edgepipe stages \(plan.descriptor.type) lists the options with their ranges", stage: plan.id,
      code: .invalidArgument)
  }

  private static func fixed(_ plan: PipelinePlan.StagePlan) -> PipelineError {
    PipelineError(
      "the options of '\(plan.id)' cannot change while the pipeline runs", remedy: "change the file and run it again",
      stage: plan.id, code: .invalidArgument)
  }

  private static func changeableText(_ plan: PipelinePlan.StagePlan) -> String {
    let names = plan.descriptor.schema.properties.filter(\.isChangeable).map(\.name)
    return names.isEmpty ? "none of its options can" : "options that can: " + names.joined(separator: ", ")
  }
}

extension JSONNode {
  /// Equal numbers have equal texts.
  fileprivate var plainText: String { number.map { JSONNode.made($0).text() } ?? text() }
}
