import EdgepipeCore
import Foundation
import Pipeline
import Stages

/// Makes the results of frames that a sink takes into items with ids. Used by one worker.
struct ResultItems {
  private let context: StageContext
  private let shape: any ItemShape
  private var selector: ResultSelector
  private var options = OptionsLog()
  /// Nil where the sink takes no tracks.
  private var tracks: TrackSummaries?
  private var line = JSONLineBuffer()
  private let renderer: StillRenderer?
  private let pictureHeight: Int
  private var ids: ResultIDs
  private(set) var detectionsLeftOut = 0
  private(set) var picturesLost = 0

  init(_ selection: ResultSelection, _ settings: SendingSettings, shape: any ItemShape, context: StageContext) {
    selector = ResultSelector(selection)
    ids = ResultIDs(run: context.run)
    tracks = selector.takesTracks ? TrackSummaries() : nil
    self.shape = shape
    self.context = context
    pictureHeight = settings.pictureHeight
    renderer =
      settings.attachesPictures
      ? StillRenderer(format: .jpeg, quality: 5, annotation: AnnotationSettings()) : nil
  }

  /// What is to be sent of a frame, in the order in which JSON Lines has it.
  ///
  /// - Parameter now: when the sink took the frame.
  mutating func items(of frame: Frame, now: MonotonicTime) -> [OutgoingItem] {
    let selected = selector.select(frame)
    let changes = selector.takesOptions ? options.changes(before: frame) : []
    // Of what is over when the frame comes, such as the stream that had its name before.
    var items = trackItems(of: frame)
    ids.begin(frame.header)
    if selected.isEmpty, changes.isEmpty { return items }
    let header = frame.header
    for (ordinal, change) in changes.enumerated() {
      let facts = facts(ids.options(change, ordinal, of: header), header.stream.id, "options", change.stage)
      items.append(item(facts) { $0.optionsLine(change, from: header, id: facts.id) })
    }
    var picture: [UInt8]?
    if let renderer, !selected.isEmpty { picture = self.picture(frame, renderer) }
    if selected.isFrameTaken {
      let facts = facts(ids.frame(header, sink: context.id), header.stream.id, "frame", context.id)
      let latency = now.nanoseconds(since: header.captured), filter = selector.detections
      var leftOut = 0
      items.append(
        item(facts, picture) {
          leftOut = $0.frameLine(frame, latencyNanoseconds: latency, id: facts.id, filter: filter)
        })
      detectionsLeftOut += leftOut
    }
    for event in selected.events {
      var facts = facts(ids.event(event, of: frame), header.stream.id, event.kind, event.stage)
      facts.label = event.label
      facts.zone = event.shape
      let id = facts.id
      items.append(item(facts, picture) { $0.eventLine(event, of: header, id: id) })
    }
    return items
  }

  /// A change of a stream's state, and what has ended with the stream.
  mutating func items(of change: HealthChange) -> [OutgoingItem] {
    let ended = change.health.state == .ended ? tracks?.end(stream: change.health.stream) ?? [] : []
    let items = ended.compactMap { item($0) }
    guard selector.takesHealth else { return items }
    let stream = change.health.stream, facts = facts(ids.health(stream), stream, "health", context.id)
    return items + [item(facts) { $0.healthLine(change, id: facts.id) }]
  }

  /// The tracks that are open when the run ends.
  mutating func itemsAtEnd() -> [OutgoingItem] { (tracks?.endAll() ?? []).compactMap { item($0) } }

  /// The tracks that a frame shows to have ended.
  private mutating func trackItems(of frame: Frame) -> [OutgoingItem] {
    let filter = selector.detections
    let ended = tracks?.add(frame) { _, detection in filter.includes(label: detection.label) } ?? []
    return ended.compactMap { item($0) }
  }

  /// Nil for a track that is not taken.
  private mutating func item(_ summary: TrackSummary) -> OutgoingItem? {
    guard selector.detections.includes(label: summary.label, score: summary.best.score) else { return nil }
    var facts = facts(ids.track(summary), summary.key.stream, "track", summary.key.stage)
    facts.label = summary.label
    let id = facts.id
    return item(facts) { $0.trackLine(summary, id: id) }
  }

  private func facts(_ id: String, _ stream: String, _ kind: String, _ stage: String) -> ItemFacts {
    var facts = ItemFacts()
    (facts.id, facts.pipeline, facts.stream) = (id, context.pipeline, stream)
    (facts.kind, facts.stage) = (kind, stage)
    return facts
  }

  private mutating func item(
    _ facts: ItemFacts, _ picture: [UInt8]? = nil, _ write: (inout JSONLineBuffer) -> Void
  ) -> OutgoingItem {
    line.removeAll()
    write(&line)
    var bytes = line.bytes
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if let picture { bytes = bytes.dropLast() + picture + [UInt8(ascii: "}")] }
    return OutgoingItem(
      id: facts.id, stream: facts.stream, kind: facts.kind, address: shape.address(facts),
      body: shape.body(bytes, facts))
  }

  /// `,"picture":{…}`, which goes before the end of an object; nil where the frame has none that can be encoded.
  private mutating func picture(_ frame: Frame, _ renderer: StillRenderer) -> [UInt8]? {
    guard frame.image != nil, let still = try? renderer.render(frame, height: min(pictureHeight, frame.header.height))
    else {
      picturesLost += 1
      return nil
    }
    let text = Data(still.bytes).base64EncodedString()
    return Array(
      #","picture":{"type":"image/jpeg","width":\#(still.width),"height":\#(still.height),"data":"\#(text)"}"#.utf8)
  }
}
