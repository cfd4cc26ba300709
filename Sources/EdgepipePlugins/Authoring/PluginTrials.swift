import EdgepipeCore
import EdgepipePluginHost
import Foundation
import Synchronization

/// What a check tries with a plugin; each says what was seen, or throws what is wrong.
struct PluginTrials: Sendable {
  let plugin: FoundPlugin
  /// In this process: for sanitizers and debuggers.
  let isInline: Bool
  private let frames = CheckFrames()

  init(plugin: FoundPlugin, isInline: Bool) {
    self.plugin = plugin
    self.isInline = isInline
  }

  func instance(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> any PluginRunning {
    let setup = PluginSetup(path: plugin.file, type: type.facts.type, stage: "check", configuration: configuration)
    let log: PluginLog = { _, _ in }
    return try orError { () throws(PluginFailure) -> any PluginRunning in
      if isInline, !plugin.manifest.isPython {
        return try PluginLibrary(opening: plugin.file).makeInstance(setup, log: log)
      }
      return try PluginProcess(PluginStart.launch(plugin, type, granted: plugin.manifest.wishes), setup, log: log)
    }
  }

  func with<Value>(
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
  func process(_ instance: any PluginRunning, _ number: Int, _ type: PluginManifest.StageType) throws
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

  func sizes(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
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

  func contents(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
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

  func replay(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
    func answers() throws -> [String] {
      try with(type, configuration) { instance in
        try (0..<10).map { number in
          let answer = try process(instance, number, type)
          return "\(answer.verdict) \(answer.results) \(answer.events) \(answer.attachments)"
        }
      }
    }
    guard try answers() == answers() else {
      throw Complaint(
        text: "the same frames gave other answers: a replay would differ; use now and random of the context")
    }
    return "the same answers"
  }

  func workers(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
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

  func time(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
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
  func memory(_ type: PluginManifest.StageType, _ configuration: [UInt8]) throws -> String {
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
}

/// The first failure of several threads.
private final class Failure: Sendable {
  private let first = Mutex<String?>(nil)

  func note(_ text: String) { first.withLock { $0 = $0 ?? text } }
  var text: String? { first.withLock { $0 } }
}
