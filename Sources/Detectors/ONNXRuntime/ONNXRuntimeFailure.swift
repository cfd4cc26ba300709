import Foundation

/// What the library itself says of a failure.
struct ONNXRuntimeFailure: Error {
  var code: Int32
  var message: String

  /// The message on one line, without the place in the library's source that it begins with. What is too long loses its
  /// middle: the end is where the values at fault stand.
  var reason: String {
    let line = Self.withoutPlace(message.split(whereSeparator: \.isNewline).joined(separator: " "))
    guard line.count > 600 else { return line }
    return "\(line.prefix(300)) ... \(line.suffix(290))"
  }

  /// What helps against the failures that are known.
  var remedy: String {
    func says(_ words: String...) -> Bool { words.contains { message.localizedCaseInsensitiveContains($0) } }
    if says("unsupported model IR version", "opset", "official released onnx") {
      return "export it for an older version of ONNX (such as opset=17), or use a newer ONNX Runtime (--onnxruntime)"
    }
    if says("is not a registered function/op", "could not find an implementation", "not implemented") {
      return "export it without that operator, or use an ONNX Runtime that has it (--onnxruntime)"
    }
    if says("external data", "external initializer") {
      return "import it with `edgepipe models import`, which includes its weights"
    }
    if says("protobuf", "invalid model", "load model") { return "fetch or export the file again" }
    return "export the file again, or use a newer ONNX Runtime (--onnxruntime)"
  }

  /// `/src/core/model.cc:182 onnxruntime::Model::Model(onnx::ModelProto&&, ...) Unsupported model IR version` has its
  /// reason at the end.
  private static func withoutPlace(_ line: String) -> String {
    guard let mark = line.firstMatch(of: #/\.(?:cc|h|hpp|cpp):[0-9]+ /#), line[..<mark.range.lowerBound].first == "/"
    else { return line }
    var rest = line[mark.range.upperBound...]
    // The function's name and its parameters, which may hold parentheses themselves.
    if let open = rest.firstIndex(of: "("), !rest[..<open].contains(": ") {
      var depth = 0
      for index in rest[open...].indices {
        if rest[index] == "(" { depth += 1 }
        if rest[index] == ")" { depth -= 1 }
        guard depth == 0 else { continue }
        let after = rest[rest.index(after: index)...].drop { $0 == " " }
        if !after.isEmpty { rest = after.hasPrefix("const ") ? after.dropFirst(6) : after }
        break
      }
    }
    return String(rest)
  }
}
