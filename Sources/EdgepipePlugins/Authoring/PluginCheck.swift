import EdgepipeCore
import EdgepipePluginHost
import Foundation

/// What an author runs before giving a plugin away: everything that the program may do with it, and some things that it
/// will not do.
package final class PluginCheck {
  package struct Finding: Sendable {
    package enum Outcome: String, Sendable { case passed, failed, skipped }

    package let name: String
    package let outcome: Outcome
    /// What was seen.
    package let text: String
  }

  private let plugin: FoundPlugin
  private let trials: PluginTrials
  private var findings: [Finding] = []

  private init(_ plugin: FoundPlugin, isInline: Bool) {
    self.plugin = plugin
    trials = PluginTrials(plugin: plugin, isInline: isInline)
  }

  /// - Parameter configuration: of every type, in JSON; what it leaves out is as by default.
  package static func run(
    _ plugin: FoundPlugin, configuration: [String: String] = [:], isInline: Bool = false
  ) -> [Finding] {
    let check = PluginCheck(plugin, isInline: isInline)
    check.run(configuration)
    return check.findings
  }

  private func run(_ configurations: [String: String]) {
    attempt("manifest") {
      try plugin.verify()
      return "\(plugin.title), interface \(plugin.manifest.abi.major).\(plugin.manifest.abi.minor), hash agrees"
    }
    guard !hasFailed else { return }
    if !plugin.manifest.isPython {
      attempt("descriptors") {
        let library = try orError { () throws(PluginFailure) in try PluginLibrary(opening: plugin.file) }
        let differences = plugin.differences(from: library)
        guard differences.isEmpty else { throw Complaint(text: differences.joined(separator: "; ")) }
        return "\(library.types.count) stage types, as the manifest says"
      }
    }
    guard !hasFailed else { return }
    for type in plugin.manifest.types { check(type, configurations[type.facts.type] ?? "{}") }
  }

  private func check(_ type: PluginManifest.StageType, _ configuration: String) {
    let name = type.facts.type
    let given: [UInt8]
    do { given = try Self.complete(configuration, type.schema) } catch {
      return findings.append(Finding(name: "\(name): options", outcome: .failed, text: "\(error)"))
    }
    attempt("\(name): create and destroy") {
      for _ in 0..<3 { try trials.instance(type, given).close() }
      return "three times"
    }
    guard !hasFailed else { return }
    attempt("\(name): options that make no sense") {
      var texts: [String] = []
      for text in ["{\"no-such-option\":1}", "{}", "[]", "", "{\"a\":"] {
        // Refusing is an answer, and so is making do.
        do { try trials.instance(type, Array(text.utf8)).close() } catch let error as PipelineError {
          if error.code == .unavailable { throw error }
          texts.append(text)
        }
      }
      return "\(texts.count) of 5 refused, no crash"
    }
    if type.facts.role == .source { return checkSource(type, given) }
    attempt("\(name): sizes and formats") { try trials.sizes(type, given) }
    attempt("\(name): results of others, and frames without pictures") { try trials.contents(type, given) }
    attempt("\(name): flush in the middle") {
      try trials.with(type, given) { instance in
        for number in 0..<6 {
          _ = try trials.process(instance, number, type)
          if number == 2 { try orError { () throws(PluginFailure) in try instance.flush() } }
        }
        return "frames go on after it"
      }
    }
    attempt("\(name): health of streams") {
      try trials.with(type, given) { instance in
        for state: PluginFrame.StreamState in [.connecting, .streaming, .stalled, .waiting, .ended] {
          try orError { () throws(PluginFailure) in
            try instance.note(
              PluginHealth(
                stream: "camera", state: state, since: MonotonicTime(nanoseconds: 1),
                sinceWall: WallTime(nanoseconds: 1),
                attempt: 1, error: state == .waiting ? "connection refused" : nil))
          }
        }
        return "five changes"
      }
    }
    if type.schema.properties.contains(where: \.isChangeable) {
      attempt("\(name): options change") {
        try trials.with(type, given) { instance in
          _ = try trials.process(instance, 0, type)
          try orError { () throws(PluginFailure) in try instance.configure(given) }
          _ = try trials.process(instance, 1, type)
          return "between frames"
        }
      }
    }
    attempt("\(name): the same again") { try trials.replay(type, given) }
    if type.facts.maximumWorkers > 1 { attempt("\(name): several workers") { try trials.workers(type, given) } }
    attempt("\(name): time a frame") { try trials.time(type, given) }
    attempt("\(name): memory") { try trials.memory(type, given) }
  }
}

/// What is wrong, in a sentence.
struct Complaint: Error { let text: String }

/// Turns a plugin's failure into the error that people read.
func orError<Value>(_ body: () throws(PluginFailure) -> Value) throws(PipelineError) -> Value {
  do throws(PluginFailure) { return try body() } catch {
    var error = error.error
    error.consequence = .stopPipeline
    throw error
  }
}

extension PluginCheck {
  private var hasFailed: Bool { findings.contains { $0.outcome == .failed } }

  private func attempt(_ name: String, _ body: () throws -> String) {
    do {
      findings.append(Finding(name: name, outcome: .passed, text: try body()))
    } catch {
      let text = (error as? Complaint)?.text ?? "\(error)"
      findings.append(Finding(name: name, outcome: .failed, text: text))
    }
  }

  private static func complete(_ text: String, _ schema: ObjectSchema) throws -> [UInt8] {
    var issues = IssueCollector(file: "the options")
    guard let node = JSONParser.parse(Array(text.utf8), issues: &issues) else {
      throw issues.errors ?? ConfigErrors(issues: [])
    }
    schema.validate(node, path: "", issues: &issues)
    if let errors = issues.errors { throw errors }
    let values = try JSONDecoder().decode([String: AnyJSON].self, from: Data(text.utf8)).mapValues(\.value)
    return try PluginConfiguration(values).json(schema)
  }

  private func checkSource(_ type: PluginManifest.StageType, _ configuration: [UInt8]) {
    attempt("\(type.facts.type): frames") {
      try trials.with(type, configuration) { instance in
        var count = 0, waits = 0, last: MediaTime?
        while count < 100, waits < 10 {
          let answer = try orError { () throws(PluginFailure) in try instance.next(now: SystemClock().now()) }
          if answer.verdict == .ended { break }
          guard answer.verdict == .done, let source = answer.source else {
            waits += 1
            continue
          }
          if let last, source.mediaTime <= last {
            throw Complaint(text: "times do not rise: \(source.mediaTime.seconds) s")
          }
          last = source.mediaTime
          count += 1
        }
        return "\(count) frames"
      }
    }
  }
}
