package import EdgepipeCore

extension WireWriter {
  package mutating func write(_ detection: Detection) {
    write(detection.label)
    write(detection.classIndex)
    write(detection.score)
    for value in [detection.box.x, detection.box.y, detection.box.width, detection.box.height] { write(value) }
    write(detection.isPredicted)
    write(optional: detection.track) { $0.write($1) }
    write(list: detection.landmarks) { writer, point in
      writer.write(point.x)
      writer.write(point.y)
    }
  }

  package mutating func write(_ event: PluginEvent) {
    write(event.stage)
    write(event.kind)
    write(optional: event.label) { $0.write($1) }
    write(optional: event.track) { $0.write($1) }
    write(optional: event.fields) { $0.write($1) }
  }

  package mutating func write(_ attachment: PluginAttachment) {
    write(attachment.name)
    write(attachment.bytes)
  }

  package mutating func write(_ health: PluginHealth) {
    write(health.stream)
    write(health.state.rawValue)
    write(health.since)
    write(health.sinceWall)
    write(health.attempt)
    write(optional: health.error) { $0.write($1) }
  }
}

extension WireReader {
  package mutating func detection() throws(WireFailure) -> Detection {
    var detection = Detection(
      label: try text(), classIndex: try int(), score: try float(),
      box: Box(x: try float(), y: try float(), width: try float(), height: try float()))
    detection.isPredicted = try bool()
    detection.track = try optional { (reader: inout WireReader) throws(WireFailure) in try reader.int() }
    detection.landmarks = try list(least: 8) { (reader: inout WireReader) throws(WireFailure) in
      Point(x: try reader.float(), y: try reader.float())
    }
    return detection
  }

  package mutating func event() throws(WireFailure) -> PluginEvent {
    PluginEvent(
      stage: try text(), kind: try text(), label: try optionalText(),
      track: try optional { (reader: inout WireReader) throws(WireFailure) in try reader.int() },
      fields: try optionalText())
  }

  package mutating func attachment() throws(WireFailure) -> PluginAttachment {
    PluginAttachment(name: try text(), bytes: try data())
  }

  package mutating func health() throws(WireFailure) -> PluginHealth {
    PluginHealth(
      stream: try text(), state: try value(PluginFrame.StreamState.self),
      since: MonotonicTime(nanoseconds: try nanoseconds()), sinceWall: WallTime(nanoseconds: try nanoseconds()),
      attempt: try int(), error: try optionalText())
  }

  package mutating func optionalText() throws(WireFailure) -> String? {
    try optional { (reader: inout WireReader) throws(WireFailure) in try reader.text() }
  }

  package mutating func events() throws(WireFailure) -> [PluginEvent] {
    try list(least: 11) { (reader: inout WireReader) throws(WireFailure) in try reader.event() }
  }

  package mutating func attachments() throws(WireFailure) -> [PluginAttachment] {
    try list(least: 8) { (reader: inout WireReader) throws(WireFailure) in try reader.attachment() }
  }
}
