import EdgepipeCore
import Pipeline

/// The columns of results: the one place that knows them. New ones are added at the end.
extension CSVRows {
  static let detectionColumns =
    ["stream", "frame", "pts_s", "captured_at", "source", "stage", "label", "class", "score"]
    + ["x", "y", "width", "height", "track", "predicted"]

  /// Of the fields of events those that have a column.
  static let eventFields = ["zone", "line", "found_by", "direction", "count", "occupied", "dwell_s", "reason"]

  static let eventColumns =
    ["stream", "frame", "pts_s", "captured_at", "stage", "kind", "label", "track"] + eventFields + ["more"]

  mutating func add(_ detection: Detection, of stage: String, in header: FrameHeader) {
    position(header)
    text(header.source)
    text(stage)
    text(detection.label)
    integer(detection.classIndex)
    decimal(Double(detection.score), places: 4)
    decimal(Double(detection.box.x), places: 2)
    decimal(Double(detection.box.y), places: 2)
    decimal(Double(detection.box.width), places: 2)
    decimal(Double(detection.box.height), places: 2)
    integer(detection.track)
    text(detection.isPredicted ? "true" : "false")
    end()
  }

  mutating func add(_ event: FrameEvent, of header: FrameHeader) {
    position(header)
    text(event.stage)
    text(event.kind)
    text(event.label)
    integer(event.track)
    for name in Self.eventFields { cell(event.fields.first { $0.key == name }?.value) }
    let others = event.fields.filter { !Self.eventFields.contains($0.key) }
    more(others.isEmpty ? nil : .object(Dictionary(others.map { ($0.key, $0.value) }) { _, last in last }))
    end()
  }

  mutating func add(_ change: OptionChange, from header: FrameHeader) {
    position(header)
    text(change.stage)
    text("options")
    text(nil)
    text(nil)
    for _ in Self.eventFields { text(nil) }
    var json = JSONLineBuffer()
    json.options(change)
    text(String(decoding: json.bytes, as: UTF8.self))
    end()
  }

  private mutating func position(_ header: FrameHeader) {
    text(header.stream.id)
    integer(header.sequence)
    seconds(header.mediaTime)
    text(header.capturedWall.iso8601)
  }

  /// A text without quotes, everything else as in JSON.
  private mutating func cell(_ value: ReportValue?) {
    if case .string(let plain) = value { text(plain) } else { more(value) }
  }

  private mutating func more(_ value: ReportValue?) {
    guard let value, value != .null else { return text(nil) }
    var json = JSONLineBuffer()
    json.value(value)
    text(String(decoding: json.bytes, as: UTF8.self))
  }
}
