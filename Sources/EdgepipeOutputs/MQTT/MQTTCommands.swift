import EdgepipeCore
import Pipeline

/// Orders that come by MQTT: detection on or off, and other values of options.
final class MQTTCommands: Sendable {
  /// Who carries them out.
  struct Run: Sendable {
    let set: @Sendable (_ options: [UInt8], _ stage: String) throws(PipelineError) -> OptionChange
    let setDetecting: @Sendable (Bool) throws(PipelineError) -> [OptionChange]
  }

  private let base: String
  private let run: Run

  init(base: String, _ run: Run) { (self.base, self.run) = (base, run) }

  enum Order: Hashable {
    case detection(Bool)
    case set(stage: String, option: String, value: ReportValue)
  }

  /// - Returns: the answer, as a line of JSON.
  func carryOut(topic: String, payload: [UInt8]) -> [UInt8] {
    var answer: [String: ReportValue] = ["topic": .string(topic)]
    do throws(PipelineError) {
      let changes: [OptionChange]
      switch try order(topic: topic, payload: payload) {
      case .detection(let isOn): changes = try run.setDetecting(isOn)
      case .set(let stage, let option, let value):
        changes = [try run.set(Array(ReportValue.object([option: value]).line.utf8), stage)]
      }
      answer["ok"] = .bool(true)
      answer["changes"] = .list(changes.map(\.value))
    } catch {
      answer["ok"] = .bool(false)
      answer["error"] = .string(error.message)
      answer["remedy"] = error.remedy.map { .string($0) }
    }
    return Array(ReportValue.object(answer).line.utf8)
  }

  func order(topic: String, payload: [UInt8]) throws(PipelineError) -> Order {
    let levels = topic.dropFirst(base.count).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let text = String(decoding: payload, as: UTF8.self)
    guard topic.hasPrefix(base + "/set/"), levels.count == 3 || levels.count == 4 else {
      throw PipelineError(
        "\(Quoted.text(topic)) is no order",
        remedy: "use \(base)/set/detection or \(base)/set/<stage>/<option>", code: .invalidArgument)
    }
    if levels.count == 4 { return .set(stage: levels[2], option: levels[3], value: .parsed(text)) }
    guard levels[2] == "detection" else {
      throw PipelineError(
        "'\(base)/set/' has no \(Quoted.text(levels[2]))",
        remedy: "use \(base)/set/detection or \(base)/set/<stage>/<option>", code: .invalidArgument)
    }
    switch text.lowercased() {
    case "on", "true", "1": return .detection(true)
    case "off", "false", "0": return .detection(false)
    default:
      throw PipelineError(
        "detection is on or off, not \(Quoted.text(text))", remedy: "send ON or OFF", code: .invalidArgument)
    }
  }
}
