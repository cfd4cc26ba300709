import EdgepipeCore

/// Builds rows of comma-separated values in a buffer that is used again and again (RFC 4180: rows end with CR LF; fields
/// with commas, quotes or line ends are quoted).
struct CSVRows {
  private var line = JSONLineBuffer()
  private var isFirst = true

  var bytes: [UInt8] { line.bytes }

  mutating func removeAll() {
    line.removeAll()
    isFirst = true
  }

  mutating func text(_ text: String?) {
    begin()
    guard let text else { return }
    let needsQuotes = text.utf8.contains {
      $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == 0x0A || $0 == 0x0D
    }
    if needsQuotes {
      line.raw("\"")
      line.raw(text.replacing("\"", with: "\"\""))
      line.raw("\"")
    } else {
      line.raw(text)
    }
  }

  mutating func integer(_ value: Int?) {
    begin()
    if let value { line.integer(value) }
  }

  mutating func decimal(_ value: Double, places: Int) {
    begin()
    line.decimal(value, places: places)
  }

  mutating func seconds(_ time: MediaTime) {
    begin()
    line.seconds(nanoseconds: time.nanoseconds)
  }

  mutating func end() {
    line.raw("\r\n")
    isFirst = true
  }

  private mutating func begin() {
    if !isFirst { line.raw(",") }
    isFirst = false
  }
}
