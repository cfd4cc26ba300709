import EdgepipeCore
package import Pipeline

/// The lines of the results file: the one place that knows their keys. Other programs read them; keys only ever
/// change together with `v`. Sinks that send give each line an `id`, by which a receiver removes duplicates.
extension JSONLineBuffer {
  /// One `frame` line with its newline, in source pixels.
  ///
  /// - Parameter filter: which detections it has; nil for all.
  /// - Returns: how many detections were left out because a number in them was not finite.
  package mutating func frameLine(
    _ frame: Frame, latencyNanoseconds: Int64, id: String? = nil, filter: DetectionFilter? = nil
  ) -> Int {
    let header = frame.header
    head("frame", id: id)
    position(header)
    raw(",\"source\":")
    string(header.source)
    raw(",\"captured_at\":")
    timestamp(header.capturedWall)
    raw(",\"latency_ms\":")
    decimal(Double(max(0, latencyNanoseconds)) / 1e6, places: 2)
    raw(",\"width\":")
    integer(header.width)
    raw(",\"height\":")
    integer(header.height)
    raw(",\"detections\":[")
    var written = 0, leftOut = 0
    for result in frame.results {
      for detection in result.detections where filter?.includes(detection) ?? true {
        guard Self.isFinite(detection) else {
          leftOut += 1
          continue
        }
        if written > 0 { raw(",") }
        self.detection(detection, stage: result.stage)
        written += 1
      }
    }
    raw("]")
    places(frame.results)
    raw("}\n")
    return leftOut
  }

  /// Where the models of stages with several places ran, by stage.
  private mutating func places(_ results: [StageResults]) {
    var isFirst = true
    for result in results where !result.places.isEmpty {
      for (stage, place) in result.places.sorted(by: { $0.key < $1.key }) {
        raw(isFirst ? ",\"places\":{" : ",")
        isFirst = false
        string(stage)
        raw(":")
        string(place)
      }
    }
    if !isFirst { raw("}") }
  }

  /// One `event` line for a picture that was written.
  package mutating func snapshotLine(
    _ header: FrameHeader, file: String, reason: String, label: String?, track: Int?, event: String? = nil,
    id: String? = nil
  ) {
    head("event", id: id)
    raw("\"kind\":\"snapshot\",")
    position(header)
    raw(",\"captured_at\":")
    timestamp(header.capturedWall)
    raw(",\"file\":")
    string(file)
    raw(",\"reason\":")
    string(reason)
    if let event {
      raw(",\"event\":")
      string(event)
    }
    if let label {
      raw(",\"label\":")
      string(label)
    }
    if let track {
      raw(",\"track\":")
      integer(track)
    }
    raw("}\n")
  }

  /// One `event` line for something that a rule saw.
  package mutating func eventLine(_ event: FrameEvent, of header: FrameHeader, id: String? = nil) {
    head("event", id: id)
    raw("\"kind\":")
    string(event.kind)
    raw(",")
    position(header)
    raw(",\"captured_at\":")
    timestamp(header.capturedWall)
    raw(",\"stage\":")
    string(event.stage)
    if let label = event.label {
      raw(",\"label\":")
      string(label)
    }
    if let track = event.track {
      raw(",\"track\":")
      integer(track)
    }
    for field in event.fields {
      raw(",")
      string(field.key)
      raw(":")
      value(field.value)
    }
    raw("}\n")
  }

  /// One `event` line for options that are others from this frame on.
  package mutating func optionsLine(_ change: OptionChange, from header: FrameHeader, id: String? = nil) {
    head("event", id: id)
    raw("\"kind\":\"options\",")
    position(header)
    raw(",\"captured_at\":")
    timestamp(header.capturedWall)
    raw(",\"stage\":")
    string(change.stage)
    raw(",\"options\":")
    options(change)
    raw("}\n")
  }

  /// The old and the new value of each option.
  mutating func options(_ change: OptionChange) {
    raw("{")
    for (index, option) in change.options.enumerated() {
      if index > 0 { raw(",") }
      string(option.name)
      raw(":{\"old\":")
      raw(option.old ?? "null")
      raw(",\"new\":")
      raw(option.new ?? "null")
      raw("}")
    }
    raw("}")
  }

  /// Numbers with three decimals at most, null where they are not finite; the keys of an object in their order.
  mutating func value(_ value: ReportValue) {
    switch value {
    case .string(let text): string(text)
    case .int(let number): integer(number)
    case .double(let number) where number.isFinite: decimal(number, places: 3)
    case .double, .null: raw("null")
    case .bool(let isTrue): raw(isTrue ? "true" : "false")
    case .list(let values):
      raw("[")
      for (index, element) in values.enumerated() {
        if index > 0 { raw(",") }
        self.value(element)
      }
      raw("]")
    case .object(let members):
      raw("{")
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { raw(",") }
        string(member.key)
        raw(":")
        self.value(member.value)
      }
      raw("}")
    }
  }

  /// What every line begins with.
  package mutating func head(_ type: String, id: String?) {
    raw("{\"type\":\"")
    raw(type)
    raw("\",\"v\":1,")
    guard let id else { return }
    raw("\"id\":")
    string(id)
    raw(",")
  }

  /// Where every line about a moment of a stream says which one.
  private mutating func position(_ header: FrameHeader) {
    raw("\"stream\":")
    string(header.stream.id)
    raw(",\"frame\":")
    integer(header.sequence)
    raw(",\"pts_s\":")
    seconds(nanoseconds: header.mediaTime.nanoseconds)
  }

  private mutating func detection(_ detection: Detection, stage: String) {
    raw("{\"label\":")
    string(detection.label)
    raw(",\"class\":")
    integer(detection.classIndex)
    raw(",\"score\":")
    decimal(Double(detection.score), places: 4)
    raw(",\"box\":{\"x\":")
    decimal(Double(detection.box.x), places: 2)
    raw(",\"y\":")
    decimal(Double(detection.box.y), places: 2)
    raw(",\"width\":")
    decimal(Double(detection.box.width), places: 2)
    raw(",\"height\":")
    decimal(Double(detection.box.height), places: 2)
    raw("}")
    if !detection.landmarks.isEmpty {
      raw(",\"landmarks\":[")
      var isFirst = true
      for point in detection.landmarks {
        raw(isFirst ? "[" : ",[")
        isFirst = false
        decimal(Double(point.x), places: 2)
        raw(",")
        decimal(Double(point.y), places: 2)
        raw("]")
      }
      raw("]")
    }
    if let track = detection.track {
      raw(",\"track\":")
      integer(track)
    }
    if detection.isPredicted { raw(",\"predicted\":true") }
    raw(",\"stage\":")
    string(stage)
    if let finder = detection.foundBy {
      raw(",\"found_by\":")
      string(finder)
    }
    raw("}")
  }

  private static func isFinite(_ detection: Detection) -> Bool {
    detection.score.isFinite && detection.box.isFinite
      && detection.landmarks.allSatisfy { $0.x.isFinite && $0.y.isFinite }
  }
}
