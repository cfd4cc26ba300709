import EdgepipeCore
import EdgepipePluginHost
import Foundation
import Synchronization

/// What an author runs before giving a plugin away: everything that the program may do with it, and some things that it
/// will not do.
package struct PluginCheck {
  package struct Finding: Sendable {
    package enum Outcome: String, Sendable { case passed, failed, skipped }

    package let name: String
    package let outcome: Outcome
    /// What was seen.
    package let text: String
  }

  private let plugin: FoundPlugin
  /// In this process: for sanitizers and debuggers.
  private let isInline: Bool
  private let allowed: PluginManifest.Wishes
  private let frames = CheckFrames()
  private var findings: [Finding] = []

  package init(_ plugin: FoundPlugin, isInline: Bool) {
    self.plugin = plugin
    self.isInline = isInline
    // The author allows what the author asks for.
    allowed = plugin.manifest.wishes
  }

  /// - Parameter configuration: of every type, in JSON; what it leaves out is as by default.
  package static func run(
    _ plugin: FoundPlugin, configuration: [String: String] = [:], isInline: Bool = false
  ) -> [Finding] {
    var check = PluginCheck(plugin, isInline: isInline)
    check.run(configuration)
    return check.findings
  }

  private mutating func run(_ configurations: [String: String]) {
    attempt("manifest", skipsRest: true) {
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

  private mutating func check(_ type: PluginManifest.StageType, _ configuration: String) {
    let name = type.facts.type
    let given: [UInt8]
    do { given = try Self.complete(configuration, type.schema) } catch {
      return findings.append(Finding(name: "\(name): options", outcome: .failed, text: "\(error)"))
    }
    attempt("\(name): create and destroy") {
      for _ in 0..<3 { try instance(type, given).close() }
      return "three times"
    }
    guard !hasFailed else { return }
    attempt("\(name): options that make no sense") {
      var texts: [String] = []
      for text in ["{\"no-such-option\":1}", "{}", "[]", "", "{\"a\":"] {
        // Refusing is an answer, and so is making do.
        do { try instance(type, Array(text.utf8)).close() } catch let error as PipelineError {
          if error.code == .unavailable { throw error }
          texts.append(text)
        }
      }
      return "\(texts.count) of 5 refused, no crash"
    }
    if type.facts.role == .source { return checkSource(type, given) }
    attempt("\(name): sizes and formats") { try sizes(type, given) }
    attempt("\(name): results of others, and frames without pictures") { try contents(type, given) }
    attempt("\(name): flush in the middle") {
      try with(type, given) { instance in
        for number in 0..<6 {
          _ = try process(instance, number, type)
          if number == 2 { try orError { () throws(PluginFailure) in try instance.flush() } }
        }
        return "frames go on after it"
      }
    }
    attempt("\(name): health of streams") {
      try with(type, given) { instance in
        for state: PluginFrame.StreamState in [.connecting, .streaming, .stalled, .waiting, .ended] {
          try orError { () throws(PluginFailure) in
            try instance.note(
              PluginHealth(
                stream: "camera", state: state, since: MonotonicTime(nanoseconds: 1), sinceWall: WallTime(nanoseconds: 1),
                attempt: 1, error: state == .waiting ? "connection refused" : nil))
          }
        }
        return "five changes"
      }
    }
    if type.schema.properties.contains(where: \.isChangeable) {
      attempt("\(name): options change") {
        try with(type, given) { instance in
          _ = try process(instance, 0, type)
          try orError { () throws(PluginFailure) in try instance.configure(given) }
          _ = try process(instance, 1, type)
          return "between frames"
        }
      }
    }
    attempt("\(name): the same again") { try replay(type, given) }
    if type.facts.maximumWorkers > 1 { attempt("\(name): several workers") { try workers(type, given) } }
    attempt("\(name): time a frame") { try time(type, given) }
    attempt("\(name): memory") { try memory(type, given) }
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

  private mutating func attempt(_ name: String, skipsRest: Bool = false, _ body: () throws -> String) {
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

  private func instance(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> any PluginRunning {
    let setup = PluginSetup(path: plugin.file, type: type.facts.type, stage: "check", configuration: configuration)
    let log: PluginLog = { _, _ in }
    return try orError { () throws(PluginFailure) -> any PluginRunning in
      if isInline, !plugin.manifest.isPython {
        return try PluginLibrary(opening: plugin.file).makeInstance(setup, log: log)
      }
      return try PluginProcess(PluginStart.launch(plugin, type, granted: allowed), setup, log: log)
    }
  }

  private func with<Value>(
    _ type: PluginManifest.StageType, _ configuration: [UInt8], _ body: (any PluginRunning) throws -> Value
  ) throws -> Value {
    let instance = try instance(type, configuration)
    defer { instance.close() }
    return try body(instance)
  }

  private func formats(_ type: PluginManifest.StageType) -> [String] {
    type.facts.formats ?? CheckFrames.usualFormats
  }

  /// One common frame.
  @discardableResult
  private func process(_ instance: any PluginRunning, _ number: Int, _ type: PluginManifest.StageType) throws
    -> PluginAnswer
  {
    let format = formats(type).first { PluginPixelFormat($0) != nil } ?? "yuv420p"
    let picture = frames.picture(format, 640, 360, seed: UInt64(number + 1))
    return try process(instance, frames.frame(number, picture, width: 640, height: 360, isFull: true))
  }

  private func process(_ instance: any PluginRunning, _ frame: PluginFrame) throws -> PluginAnswer {
    try orError { () throws(PluginFailure) in
      try instance.process(frame).checked(width: frame.width, height: frame.height)
    }
  }

  private func sizes(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
    try with(type, configuration) { instance in
      var number = 0
      for format in formats(type) {
        for (width, height) in CheckFrames.sizes {
          for upsideDown in [false, true] {
            guard let picture = frames.picture(format, width, height, upsideDown: upsideDown) else { continue }
            do { _ = try process(instance, frames.frame(number, picture, width: width, height: height)) } catch {
              throw Complaint(text: "\(width) x \(height) in \(format): \(error)")
            }
            number += 1
          }
        }
      }
      return "\(number) pictures, odd sizes and rows from the bottom up among them"
    }
  }

  private func contents(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
    try with(type, configuration) { instance in
      _ = try process(instance, frames.frame(0, nil, width: 640, height: 360))
      _ = try process(instance, frames.frame(1, nil, width: 640, height: 360, isFull: true))
      var broken = frames.frame(2, nil, width: 320, height: 240, isFull: true)
      broken.discontinuity = 1
      _ = try process(instance, broken)
      var other = frames.frame(0, nil, width: 640, height: 360, isFull: true)
      other.stream = "other"
      _ = try process(instance, other)
      try process(instance, 3, type)
      return "a break, a change of size and a second stream among them"
    }
  }

  private func replay(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
    func answers() throws -> [String] {
      try with(type, configuration) { instance in
        try (0..<10).map { number in
          let answer = try process(instance, number, type)
          return "\(answer.verdict) \(answer.results) \(answer.events) \(answer.attachments)"
        }
      }
    }
    guard try answers() == answers() else {
      throw Complaint(text: "the same frames gave other answers: a replay would differ; use now and random of the context")
    }
    return "the same answers"
  }

  private func workers(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
    let failure = Failure()
    let names = ["one", "two"]
    DispatchQueue.concurrentPerform(iterations: names.count) { _ in
      do {
        try with(type, configuration) { instance in for number in 0..<50 { try process(instance, number, type) } }
      } catch { failure.note("\(error)") }
    }
    if let text = failure.text { throw Complaint(text: text) }
    return "two instances at once"
  }

  private func time(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
    try with(type, configuration) { instance in
      let format = formats(type).first { PluginPixelFormat($0) != nil } ?? "yuv420p"
      guard let picture = frames.picture(format, 1920, 1080) else { return "no picture to try" }
      let clock = SystemClock()
      var times: [Int64] = []
      for number in 0..<110 {
        let start = clock.now()
        _ = try process(instance, frames.frame(number, picture, width: 1920, height: 1080))
        times.append(clock.now().nanoseconds(since: start))
      }
      let sorted = times.dropFirst(10).sorted()
      func milliseconds(_ share: Double) -> String {
        Figure.text(Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1e6)
      }
      return "1920 x 1080 in \(format): p50 \(milliseconds(0.5)) ms, p95 \(milliseconds(0.95)) ms"
    }
  }

  /// Twice as many frames must not take twice as much memory.
  private func memory(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
    try with(type, configuration) { instance in
      func held() -> Double? {
        let id = (instance as? PluginProcess)?.id.map { "\($0)" } ?? "self"
        let text = try? String(contentsOfFile: "/proc/\(id)/statm", encoding: .utf8)
        return text?.split(separator: " ").dropFirst().first.flatMap { Double($0) }.map { $0 * 4096 / 0x1p20 }
      }
      for number in 0..<300 { try process(instance, number, type) }
      let before = held()
      for number in 300..<900 { try process(instance, number, type) }
      guard let before, let after = held() else { return "cannot be read here" }
      let growth = after - before
      guard growth < Self.mostGrowthMB else {
        throw Complaint(text: "600 frames made it grow by \(Figure.text(growth)) MB: something is not freed")
      }
      return "grows by \(Figure.text(max(0, growth))) MB in 600 frames"
    }
  }

  private static let mostGrowthMB = 8.0

  private mutating func checkSource(_ type: PluginManifest.StageType, _ configuration: [UInt8]) {
    attempt("\(type.facts.type): frames") {
      try with(type, configuration) { instance in
        var count = 0, waits = 0, last: MediaTime?
        while count < 100, waits < 10 {
          let answer = try orError { () throws(PluginFailure) in try instance.next(now: SystemClock().now()) }
          if answer.verdict == .ended { break }
          guard answer.verdict == .done, let source = answer.source else {
            waits += 1
            continue
          }
          if let last, source.mediaTime <= last { throw Complaint(text: "times do not rise: \(source.mediaTime.seconds) s") }
          last = source.mediaTime
          count += 1
        }
        return "\(count) frames"
      }
    }
  }
}

/// The first failure of several threads.
private final class Failure: Sendable {
  private let first = Mutex<String?>(nil)

  func note(_ text: String) { first.withLock { $0 = $0 ?? text } }
  var text: String? { first.withLock { $0 } }
}
