import EdgepipeCore
import EdgepipePluginHost
@_spi(Pixels) import Pipeline
import Stages

/// Makes what plugins see of frames, and puts what they say on frames. Used by one thread.
final class FrameTranslation {
  private let stage: String
  private let facts: PluginTypeFacts
  private let pictures = ForeignPictures()

  init(stage: String, facts: PluginTypeFacts) {
    self.stage = stage
    self.facts = facts
  }

  /// Calls `body` with the frame as plugins see it; its picture lives as long as the call.
  func with<Result>(_ frame: Frame, now: MonotonicTime, _ body: (PluginFrame) throws -> Result) throws -> Result {
    let header = frame.header
    var seen = PluginFrame(
      stream: header.stream.id, sourceStage: header.stream.sourceStage, source: header.source,
      isLive: header.stream.isLive, sequence: header.sequence, mediaTime: header.mediaTime, captured: header.captured,
      capturedWall: header.capturedWall, deadline: header.deadline, now: now, discontinuity: header.discontinuity,
      width: header.width, height: header.height)
    for result in frame.results {
      for detection in result.detections { seen.detections.append(PluginDetection(stage: result.stage, detection)) }
    }
    seen.events = frame.events.map {
      PluginEvent(stage: $0.stage, kind: $0.kind, label: $0.label, track: $0.track, fields: Self.text($0.fields))
    }
    seen.attachments = frame.attachments(of: BytesAttachment.self).map(\.attachment)
    guard facts.flags.contains(.needsPicture), let image = try acceptedImage(of: frame) else { return try body(seen) }
    var lent = frame
    lent.image = image
    let result = try lent.withPixels { planes in
      seen.picture = Self.picture(planes, of: image)
      return try body(seen)
    }
    if let result { return result }
    return try body(seen)
  }

  /// The picture in a format that the type takes; nil where the frame has none.
  private func acceptedImage(of frame: Frame) throws(PipelineError) -> (any FrameImage)? {
    guard let image = frame.image, let formats = facts.formats, let first = formats.first else { return frame.image }
    if let format = frame.withPixels({ $0.format }), formats.contains(format) { return image }
    return try pictures.convert(image, to: first)
  }

  private static func picture(_ planes: PixelPlanes, of image: any FrameImage) -> PluginPicture {
    var picture = PluginPicture(
      format: planes.format, width: image.width, height: image.height,
      planes: planes.planes.map { plane in
        // SAFETY: plugins are told not to write; the picture outlives the call for which it is lent.
        unsafe PluginPicture.Plane(
          start: UnsafeMutablePointer(mutating: plane.start), stride: plane.stride, rowBytes: plane.byteWidth,
          rows: plane.height)
      }, owner: image)
    picture.range = planes.isFullRange ? .full : .limited
    (picture.matrix, picture.primaries, picture.transfer) = (planes.matrix, planes.primaries, planes.transfer)
    return picture
  }

  /// Puts an answer on the frame that it is for.
  ///
  /// - Throws: what makes no sense.
  func apply(_ answer: PluginAnswer, to frame: inout Frame) throws {
    let checked: PluginAnswer
    do throws(PluginFailure) {
      checked = try answer.checked(width: frame.header.width, height: frame.header.height)
    } catch { throw error.error }
    for result in checked.results {
      let name = result.stage ?? stage
      let before = frame.results.first { $0.stage == name }
      if result.stage != nil, before == nil {
        throw PipelineError(
          "the plugin has results of '\(name)', which no stage before has given", consequence: .skipFrame,
          code: .malformed)
      }
      frame.attach(
        StageResults(stage: name, revision: before.map { $0.revision + 1 } ?? 0, detections: result.detections))
    }
    for event in checked.events {
      frame.add(
        FrameEvent(
          stage: stage, kind: event.kind, label: event.label, track: event.track, fields: try Self.fields(event.fields))
      )
    }
    for attachment in checked.attachments { frame.attach(BytesAttachment(attachment), for: attachment.name) }
    if let picture = checked.picture {
      guard facts.flags.contains(.makesPictures) else {
        throw PipelineError(
          "the plugin makes pictures, and its type does not say so", remedy: "set EDGEPIPE_MAKES_PICTURES",
          consequence: .skipFrame, code: .malformed)
      }
      frame.image = try image(of: picture)
    }
  }

  /// A copy: a plugin's memory may change later.
  func image(of picture: PluginPicture) throws(PipelineError) -> any FrameImage {
    var description = ForeignPictures.Description(
      format: picture.format, width: picture.width, height: picture.height,
      isFullRange: picture.range == .unknown ? nil : picture.range == .full)
    (description.matrix, description.primaries, description.transfer) =
      (picture.matrix, picture.primaries, picture.transfer)
    return try pictures.make(description) { planes throws(PipelineError) in
      guard planes.count == picture.planes.count,
        zip(planes, picture.planes).allSatisfy({ $0.rowBytes == $1.rowBytes && $0.rows == $1.rows })
      else {
        throw PipelineError(
          "the planes of the plugin's picture are not those of '\(picture.format)'", consequence: .skipFrame,
          code: .malformed)
      }
      for (target, source) in zip(planes, picture.planes) {
        for row in 0..<target.rows {
          // SAFETY: both planes have this row, with as many values.
          unsafe (target.start + row * target.stride).update(
            from: source.start + row * source.stride, count: target.rowBytes)
        }
      }
    }
  }

  // MARK: - Fields of events

  private static func text(_ fields: [FrameEvent.Field]) -> String? {
    guard !fields.isEmpty else { return nil }
    let members = fields.map { field in
      JSONNode.Member(
        key: field.key, keyOrigin: .none,
        value: (try? field.value.json()).flatMap { JSONParser.value($0, origin: .none) }
          ?? JSONNode(.null, origin: .none))
    }
    return JSONNode(.object(members), origin: .none).text()
  }

  private static func fields(_ text: String?) throws(PipelineError) -> [FrameEvent.Field] {
    guard let text else { return [] }
    guard let members = JSONParser.value(text, origin: .none)?.members, members.count <= 64 else {
      throw PipelineError(
        "the fields of the plugin's event are no object in JSON", consequence: .skipFrame, code: .malformed)
    }
    return members.map { FrameEvent.Field($0.key, ReportValue($0.value)) }
  }
}

extension ReportValue {
  fileprivate init(_ node: JSONNode) {
    switch node.value {
    case .null, .invalid: self = .null
    case .bool(let bool): self = .bool(bool)
    case .integer(let integer): self = .int(integer)
    case .number(let number): self = .double(number)
    case .string(let text): self = .string(text)
    case .array(let elements): self = .list(elements.map { ReportValue($0) })
    case .object(let members):
      self = .object(Dictionary(members.map { ($0.key, ReportValue($0.value)) }, uniquingKeysWith: { $1 }))
    }
  }
}
