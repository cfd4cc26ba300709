import EdgepipeCore
package import Pipeline

/// Decides for one worker which results of its frames a sink takes.
///
/// What it remembers is bounded: ``StreamTable/maximumStreams`` streams, and ``StreamMemory/maximumKeys`` kinds of events
/// of each. A frame of which nothing can be selected costs a few comparisons.
package struct ResultSelector {
  /// What is taken of one frame.
  package struct Selected: Sendable, Hashable {
    /// Whether the frame's own line goes, with the detections that ``ResultSelector/detections`` includes.
    package var isFrameTaken = false
    /// In their order; of a value that changed within `everyS` the latest one, as of this frame.
    package var events: [FrameEvent] = []

    package var isEmpty: Bool { !isFrameTaken && events.isEmpty }
  }

  /// Which detections of a frame whose line goes, and which tracks.
  package let detections: DetectionFilter
  package let takesFrames: Bool
  package let takesEvents: Bool
  package let takesTracks: Bool
  package let takesHealth: Bool
  private let filter: EventFilter
  private let rules: RepetitionRules
  private var streams = StreamTable<StreamMemory>()
  /// Values that wait for their time. Those of a stream that was forgotten stay counted, which costs comparisons only.
  private var waiting = 0

  package init(_ selection: ResultSelection) {
    detections = DetectionFilter(selection)
    takesFrames = selection.takes(.frames)
    takesEvents = selection.takes(.events)
    takesTracks = selection.takes(.tracks)
    takesHealth = selection.takes(.health)
    filter = EventFilter(zones: selection.zones.map(Set.init), detections: detections)
    rules = RepetitionRules(
      interval: selection.everyS.map { MediaTime(seconds: $0).nanoseconds }, onChange: selection.onChange)
  }

  /// Whether lines about changed options are taken: they are events, and of no zone.
  package var takesOptions: Bool { takesEvents && filter.zones == nil }

  /// Takes each frame once, in the order of its stream.
  package mutating func select(_ frame: Frame) -> Selected {
    let filter = filter, rules = rules, takesFrames = takesFrames
    let hasEvents = takesEvents && frame.events.contains(where: filter.includes)
    guard rules.restrict else {
      return Selected(isFrameTaken: takesFrames, events: hasEvents ? frame.events.filter(filter.includes) : [])
    }
    var selected = Selected()
    guard takesFrames || hasEvents || waiting > 0 else { return selected }
    let now = frame.header.mediaTime
    var change = 0
    streams.update(frame.header, make: { StreamMemory() }, restart: { _ in }) { memory in
      change -= memory.waitingCount
      memory.begin(at: now)
      if takesFrames { selected.isFrameTaken = memory.takes(frame, of: filter.detections, rules) }
      if hasEvents {
        for event in frame.events where filter.includes(event) && memory.takes(event, at: now, rules) {
          selected.events.append(event)
        }
      }
      memory.takeWaiting(at: now, rules, into: &selected.events)
      change += memory.waitingCount
    }
    waiting += change
    return selected
  }
}

private struct EventFilter: Sendable {
  let zones: Set<String>?
  let detections: DetectionFilter

  func includes(_ event: FrameEvent) -> Bool {
    if let zones, event.shape.map(zones.contains) != true { return false }
    return event.label.map(detections.includes(label:)) ?? true
  }
}

extension FrameEvent {
  /// The name of the zone or the line that it is about.
  package var shape: String? {
    for field in fields where field.key == "zone" || field.key == "line" {
      if case .string(let name) = field.value { return name }
    }
    return nil
  }

  /// Whether it says what is so from now on, such as how many are in a zone: one that is left out leaves its reader with
  /// a wrong value.
  var isState: Bool { kind == "zone.occupancy" || kind == "zone.presence" }
}
