import EdgepipeCore
import Pipeline
import Stages

/// What is true now, from what the rules and the streams tell: written on a ``StateBoard``, and announced to Home Assistant
/// where that is wanted. Used by one thread.
struct MQTTStates {
  private let base: String
  private let board: StateBoard
  private let homeAssistant: HomeAssistant?

  init(base: String, _ board: StateBoard, _ homeAssistant: HomeAssistant?) {
    (self.base, self.board, self.homeAssistant) = (base + "/state", board, homeAssistant)
  }

  /// The first frame of a stream: nobody is in its zones, and nothing has crossed its lines.
  func begin(_ shapes: [(stage: String, shape: ListedShape)], stream: String) {
    for (stage, shape) in shapes where shape.streams?.contains(stream) ?? true {
      switch shape.kind {
      case .zone(let tellsCount, let tellsPresence):
        if tellsPresence { setPresence(false, stream, stage, shape.name) }
        if tellsCount { setCount(0, stream, stage, shape.name) }
      case .line(let directions):
        for direction in directions { setTotal(0, stream, stage, shape.name, direction) }
      }
    }
  }

  func note(_ event: FrameEvent, stream: String) {
    switch event.kind {
    case "zone.presence":
      guard let zone = event.text("zone"), case .bool(let isOccupied)? = event.value("occupied") else { return }
      setPresence(isOccupied, stream, event.stage, zone)
    case "zone.occupancy":
      guard let zone = event.text("zone"), case .int(let count)? = event.value("count") else { return }
      setCount(count, stream, event.stage, zone)
    case "line.cross":
      guard let line = event.text("line"), case .object(let totals)? = event.value("totals") else { return }
      for (direction, total) in totals.sorted(by: { $0.key < $1.key }) {
        if case .int(let count) = total { setTotal(count, stream, event.stage, line, direction) }
      }
    default: break
    }
  }

  func note(_ change: HealthChange) {
    let stream = change.health.stream
    set([stream, "connected"], Self.word(change.health.state == .streaming)) {
      $0.connectivity("\(stream) connected", topic: $1, path: $2)
    }
  }

  func note(isDetecting: Bool) {
    let topic = base + "/detection"
    if let announcement = homeAssistant?.detection(topic: topic) {
      board.set(announcement.topic, announcement.payload)
    }
    board.set(topic, Self.word(isDetecting))
  }

  private func setPresence(_ isOccupied: Bool, _ stream: String, _ stage: String, _ zone: String) {
    set([stream, stage, zone, "occupied"], Self.word(isOccupied)) {
      $0.occupancy("\(stream) \(zone) occupied", topic: $1, path: $2)
    }
  }

  private func setCount(_ count: Int, _ stream: String, _ stage: String, _ zone: String) {
    set([stream, stage, zone, "count"], "\(count)") {
      $0.count("\(stream) \(zone) count", topic: $1, path: $2)
    }
  }

  private func setTotal(_ count: Int, _ stream: String, _ stage: String, _ line: String, _ direction: String) {
    set([stream, stage, line, direction], "\(count)") {
      $0.total("\(stream) \(line) \(direction)", topic: $1, path: $2)
    }
  }

  private func set(
    _ path: [String], _ payload: String, announce: (HomeAssistant, String, [String]) -> HomeAssistant.Announcement
  ) {
    let topic = base + "/" + path.map(TopicRules.mqtt.safe).joined(separator: "/")
    if let homeAssistant, !board.contains(topic) {
      let announcement = announce(homeAssistant, topic, path)
      board.set(announcement.topic, announcement.payload)
    }
    board.set(topic, payload)
  }

  private static func word(_ isOn: Bool) -> String { isOn ? "ON" : "OFF" }
}

extension FrameEvent {
  func value(_ key: String) -> ReportValue? { fields.first { $0.key == key }?.value }

  func text(_ key: String) -> String? { if case .string(let text)? = value(key) { text } else { nil } }
}
