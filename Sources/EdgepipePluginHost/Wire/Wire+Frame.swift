import EdgepipeCore

extension WireWriter {
  /// - Parameter picture: where the frame's picture lies for the other side; nil where it has none.
  package mutating func write(_ frame: PluginFrame, picture: SharedPicture?) {
    write(frame.stream)
    write(frame.sourceStage)
    write(frame.source)
    write(frame.isLive)
    write(frame.sequence)
    write(frame.mediaTime)
    write(frame.captured)
    write(frame.capturedWall)
    write(optional: frame.deadline) { $0.write($1) }
    write(frame.now)
    write(frame.discontinuity)
    write(frame.width)
    write(frame.height)
    write(frame.state.rawValue)
    write(optional: picture) { $0.write($1) }
    write(list: frame.detections) { writer, detection in
      writer.write(detection.stage)
      writer.write(detection.detection)
    }
    write(list: frame.events) { $0.write($1) }
    write(list: frame.attachments) { $0.write($1) }
  }

  /// - Parameter picture: where the answer's picture lies.
  package mutating func write(_ answer: PluginAnswer, picture: SharedPicture?) {
    write(answer.verdict.rawValue)
    write(list: answer.results) { writer, results in
      writer.write(optional: results.stage) { $0.write($1) }
      writer.write(list: results.detections) { $0.write($1) }
    }
    write(list: answer.events) { $0.write($1) }
    write(list: answer.attachments) { $0.write($1) }
    write(optional: picture) { $0.write($1) }
    write(optional: answer.source) { writer, source in
      writer.write(source.mediaTime)
      writer.write(optional: source.captured) { $0.write($1) }
      writer.write(source.isDiscontinuous)
    }
  }

  package mutating func write(_ failure: PluginFailure) {
    write(failure.consequence.rawValue)
    write(failure.message)
    write(optional: failure.remedy) { $0.write($1) }
  }
}

extension WireReader {
  /// The frame without its picture, and where that lies.
  package mutating func frame() throws(WireFailure) -> (PluginFrame, SharedPicture?) {
    let stream = try text(), sourceStage = try text(), source = try text(), isLive = try bool()
    let sequence = try int(), mediaTime = MediaTime(nanoseconds: try nanoseconds())
    let captured = MonotonicTime(nanoseconds: try nanoseconds()), wall = WallTime(nanoseconds: try nanoseconds())
    let deadline = try optionalTime(), now = MonotonicTime(nanoseconds: try nanoseconds())
    var frame = PluginFrame(
      stream: stream, sourceStage: sourceStage, source: source, isLive: isLive, sequence: sequence,
      mediaTime: mediaTime, captured: captured, capturedWall: wall, deadline: deadline, now: now,
      discontinuity: try int(), width: try int(), height: try int())
    frame.state = try value(PluginFrame.StreamState.self)
    let picture = try optional { (reader: inout WireReader) throws(WireFailure) in try reader.picture() }
    frame.detections = try list(least: 42) { (reader: inout WireReader) throws(WireFailure) in
      PluginDetection(stage: try reader.text(), try reader.detection())
    }
    frame.events = try events()
    frame.attachments = try attachments()
    return (frame, picture)
  }

  /// The answer without its picture, and where that lies.
  package mutating func answer() throws(WireFailure) -> (PluginAnswer, SharedPicture?) {
    var answer = PluginAnswer(try value(PluginAnswer.Verdict.self))
    answer.results = try list(least: 5) { (reader: inout WireReader) throws(WireFailure) in
      PluginAnswer.Results(
        stage: try reader.optionalText(),
        detections: try reader.list(least: 38) { (reader: inout WireReader) throws(WireFailure) in
          try reader.detection()
        })
    }
    answer.events = try events()
    answer.attachments = try attachments()
    let picture = try optional { (reader: inout WireReader) throws(WireFailure) in try reader.picture() }
    answer.source = try optional { (reader: inout WireReader) throws(WireFailure) in
      PluginAnswer.Source(
        mediaTime: MediaTime(nanoseconds: try reader.nanoseconds()), captured: try reader.optionalTime(),
        isDiscontinuous: try reader.bool())
    }
    return (answer, picture)
  }

  /// What a plugin's failure says; it is a fault of the plugin, whatever it is.
  package mutating func failure() throws(WireFailure) -> PluginFailure {
    PluginFailure(try value(PluginFailure.Consequence.self), try text(), remedy: try optionalText())
  }

  private mutating func optionalTime() throws(WireFailure) -> MonotonicTime? {
    try optional { (reader: inout WireReader) throws(WireFailure) in
      MonotonicTime(nanoseconds: try reader.nanoseconds())
    }
  }
}
