import EdgepipeCore
import Foundation

/// A text in which `{name}` stands for a value of a result: any key of its JSON object, `{json}` for all of it, and
/// `{pipeline}` for the pipeline. Braces around anything else stay, so that a template may itself be JSON.
struct BodyTemplate: Sendable, Hashable {
  private enum Part: Hashable {
    case text([UInt8])
    case name(String)
  }

  private let parts: [Part]
  /// A template that is JSON: values are written as the inside of a JSON string.
  private let isJSON: Bool

  /// - Throws: ``PipelineError`` where it is empty.
  init(_ text: String) throws(PipelineError) {
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw PipelineError(
        "the template 'body' is empty", remedy: "write what is sent, or leave it out", code: .invalidConfiguration)
    }
    var parts: [Part] = [], rest = text[...], literal = ""
    while let open = rest.firstIndex(of: "{") {
      literal += rest[..<open]
      rest = rest[rest.index(after: open)...]
      let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
      guard !name.isEmpty, rest[name.endIndex...].first == "}" else {
        literal += "{"
        continue
      }
      parts += [.text(Array(literal.utf8)), .name(String(name))]
      literal = ""
      rest = rest[rest.index(after: name.endIndex)...]
    }
    parts.append(.text(Array((literal + rest).utf8)))
    self.parts = parts.filter { $0 != .text([]) }
    isJSON = ["{", "["].contains(text.first { !$0.isWhitespace })
  }

  /// The names that it asks for.
  var names: [String] { parts.compactMap { if case .name(let name) = $0 { name } else { nil } } }

  /// - Parameter line: the result, one JSON object.
  func fill(_ line: [UInt8], _ facts: ItemFacts) -> [UInt8] {
    var values: [String: Any] = [:]
    if names.contains(where: { $0 != "json" && $0 != "pipeline" }),
      let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
    {
      values = object
    }
    var result: [UInt8] = []
    for part in parts {
      switch part {
      case .text(let text): result += text
      case .name("json"): result += line
      case .name("pipeline"): result += written(facts.pipeline)
      case .name(let name): result += values[name].map(written) ?? []
      }
    }
    return result
  }

  private func written(_ value: Any) -> [UInt8] {
    guard let text = value as? String else {
      let json = try? JSONSerialization.data(
        withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
      return json.map(Array.init) ?? []
    }
    guard isJSON else { return Array(text.utf8) }
    let quoted = try? JSONSerialization.data(
      withJSONObject: text, options: [.fragmentsAllowed, .withoutEscapingSlashes])
    return quoted.map { Array($0.dropFirst().dropLast()) } ?? []
  }
}
