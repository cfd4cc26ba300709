package import EdgepipeCore
import Foundation

/// One line of version 2 of the control protocol, as a client sends it.
struct ControlMessage {
  private let node: JSONNode

  /// - Returns: nil for what is no JSON object.
  init?(_ line: String) {
    var issues = IssueCollector(file: "request")
    guard let node = JSONParser.parse(Array(line.utf8), issues: &issues), issues.errors == nil, node.members != nil
    else { return nil }
    self.node = node
  }

  /// Of the protocol; 1 where the message does not say.
  var version: Int { node["v"]?.integer ?? 1 }

  /// What the answer carries too: a number or a text of the client's choice.
  var id: ReportValue {
    if let number = node["id"]?.integer { return .int(number) }
    return node["id"]?.string.map { .string(String($0.prefix(200))) } ?? .null
  }

  var command: String { node["command"]?.string ?? "" }

  // Each nil where the key is absent, and refused where it has a value of another type.

  func text(_ key: String) throws(PipelineError) -> String? { try value(key, "a text", \.string) }
  func flag(_ key: String) throws(PipelineError) -> Bool? { try value(key, "true or false", \.bool) }
  func number(_ key: String) throws(PipelineError) -> Double? { try value(key, "a number", \.number) }

  func texts(_ key: String) throws(PipelineError) -> [String]? {
    try value(key, "a list of texts") { node in
      let texts = node.elements?.map(\.string) ?? [nil]
      return texts.contains(nil) ? nil : texts.compactMap { $0 }
    }
  }

  private func value<Value>(
    _ key: String, _ wanted: String, _ read: (JSONNode) -> Value?
  ) throws(PipelineError) -> Value? {
    guard let node = node[key] else { return nil }
    guard let value = read(node) else {
      throw PipelineError("'\(key)' of \(command) must be \(wanted)", code: .invalidArgument)
    }
    return value
  }

  /// - Throws: ``PipelineError`` `invalidArgument` where it is missing.
  func need(_ key: String) throws(PipelineError) -> String {
    guard let text = try text(key) else {
      throw PipelineError("\(command) needs the key '\(key)' with a text", code: .invalidArgument)
    }
    return text
  }

  /// An object as JSON text.
  ///
  /// - Throws: ``PipelineError`` `invalidArgument` where it is missing.
  func needObject(_ key: String) throws(PipelineError) -> [UInt8] {
    guard let value = node[key], value.members != nil else {
      throw PipelineError("\(command) needs the key '\(key)' with an object", code: .invalidArgument)
    }
    return Array(value.text().utf8)
  }
}

extension ReportValue {
  /// A value as a user writes it: JSON where it reads as JSON, else a text.
  package static func parsed(_ text: String) -> ReportValue {
    JSONParser.value(text, origin: .none).map(ReportValue.init) ?? .string(text)
  }

  /// On one line, with sorted keys.
  package var line: String {
    (try? JSONEncoder.stable.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
  }
}
