/// What the topics of a protocol may hold.
enum TopicRules: Sendable, Hashable {
  /// MQTT 5, sections 1.5.4 and 4.7: no wildcards, no NUL; brokers also refuse control characters and non-characters.
  case mqtt
  /// Kafka: ASCII letters, digits, `.`, `_` and `-`, 249 at most.
  case kafka

  /// So much of one value goes into a topic, in bytes of UTF-8.
  private static let longestValue = 200

  var name: String { self == .mqtt ? "a topic of MQTT" : "a topic of Kafka" }

  var remedy: String {
    self == .mqtt
      ? "leave out '+', '#' and control characters" : "use letters, digits, '.', '_' and '-', such as events-{stream}"
  }

  /// In bytes.
  var longest: Int { self == .mqtt ? 1024 : 249 }

  func allowsInText(_ scalar: Unicode.Scalar) -> Bool { scalar == "/" && self == .mqtt || allows(scalar) }

  /// Topics that begin with `$` belong to the broker.
  func allowsAtStart(_ text: String) -> Bool { self == .kafka || text.unicodeScalars.first != "$" }

  /// In a value, which is a part of one level.
  private func allows(_ scalar: Unicode.Scalar) -> Bool {
    switch self {
    case .kafka:
      scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "._-".unicodeScalars.contains(scalar))
    case .mqtt:
      !"/+#".unicodeScalars.contains(scalar) && scalar.properties.generalCategory != .control
        && !scalar.properties.isNoncharacterCodePoint
    }
  }

  /// A value as a part of one level: what a topic cannot have becomes `_`.
  func safe(_ value: String) -> String {
    var result = ""
    for scalar in value.unicodeScalars {
      let kept: Unicode.Scalar = allows(scalar) ? scalar : "_"
      guard result.utf8.count + UTF8.width(kept) <= Self.longestValue else { break }
      result.unicodeScalars.append(kept)
    }
    return result
  }

  /// The whole topic.
  func whole(_ topic: String) -> String {
    switch self {
    case .mqtt: topic.unicodeScalars.first == "$" ? "_" + topic.dropFirst() : topic
    // These two are names of folders to brokers.
    case .kafka: topic == "." || topic == ".." ? "_" : String(topic.prefix(longest))
    }
  }
}
