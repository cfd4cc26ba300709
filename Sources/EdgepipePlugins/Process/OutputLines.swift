import EdgepipePluginHost

/// One line of what a plugin's process writes. `<4>` before it is its weight; others are what a library says of itself.
struct OutputLine: Sendable {
  let bytes: ArraySlice<UInt8>

  /// Made only of lines that somebody will read: of a flood it would cost more than writing it.
  var parts: (level: PluginLogLevel, text: String) {
    var line = bytes.prefix(OutputLines.longest), level = PluginLogLevel.info
    let mark = Array(line.prefix(3))
    if mark.count == 3, mark[0] == UInt8(ascii: "<"), mark[2] == UInt8(ascii: ">"),
      let given = PluginLogLevel(rawValue: UInt32(mark[1] &- UInt8(ascii: "0")))
    {
      level = given
      line = line.dropFirst(3)
    }
    // What would move the cursor of a terminal does not belong into a log.
    let text = String(decoding: line, as: UTF8.self)
    return (level, String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) }))
  }
}

/// Makes lines of what a plugin's process writes.
struct OutputLines: Sendable {
  static let longest = 4096

  private var rest: [UInt8] = []
  /// The rest of a line that was too long is left out.
  private var isSkipping = false

  mutating func add(_ bytes: ArraySlice<UInt8>, _ body: (OutputLine) -> Void) {
    var bytes = bytes
    while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
      if !isSkipping { body(OutputLine(bytes: rest.isEmpty ? bytes[..<end] : (rest + bytes[..<end])[...])) }
      rest.removeAll(keepingCapacity: true)
      isSkipping = false
      bytes = bytes[(end + 1)...]
    }
    if isSkipping { return }
    rest += bytes
    if rest.count > Self.longest { cut(body) }
  }

  /// What came after the last line break.
  mutating func finish(_ body: (OutputLine) -> Void) {
    if !isSkipping, !rest.isEmpty { cut(body) }
  }

  private mutating func cut(_ body: (OutputLine) -> Void) {
    body(OutputLine(bytes: rest[...]))
    rest = []
    isSkipping = true
  }
}
