import EdgepipePluginHost

/// Makes lines of what a plugin's process writes. `<4>` before a line is its weight; others are what a library says of itself.
struct OutputLines: Sendable {
  static let longest = 4096

  private var rest: [UInt8] = []
  /// The rest of a line that was too long is left out.
  private var isSkipping = false

  mutating func add(_ bytes: ArraySlice<UInt8>, _ body: (PluginLogLevel, String) -> Void) {
    var bytes = bytes
    while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
      if !isSkipping { Self.pass(rest + bytes[..<end], body) }
      rest.removeAll(keepingCapacity: true)
      isSkipping = false
      bytes = bytes[(end + 1)...]
    }
    if isSkipping { return }
    rest += bytes
    if rest.count > Self.longest { cut(body) }
  }

  /// What came after the last line break.
  mutating func finish(_ body: (PluginLogLevel, String) -> Void) {
    if !isSkipping, !rest.isEmpty { cut(body) }
  }

  private mutating func cut(_ body: (PluginLogLevel, String) -> Void) {
    Self.pass(rest, body)
    rest.removeAll(keepingCapacity: true)
    isSkipping = true
  }

  private static func pass(_ line: [UInt8], _ body: (PluginLogLevel, String) -> Void) {
    var line = line.prefix(longest), level = PluginLogLevel.info
    if line.count >= 3, line[0] == UInt8(ascii: "<"), line[2] == UInt8(ascii: ">"),
      let given = PluginLogLevel(rawValue: UInt32(line[1] &- UInt8(ascii: "0")))
    {
      level = given
      line = line.dropFirst(3)
    }
    // What would move the cursor of a terminal does not belong into a log.
    let text = String(decoding: line, as: UTF8.self)
    body(level, String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) }))
  }
}
