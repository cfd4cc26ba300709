import EdgepipeCore
import Pipeline

/// Entities of Home Assistant, announced by retained messages of MQTT discovery
/// (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery).
struct HomeAssistant: Sendable {
  /// Where Home Assistant says that it has started.
  static let statusTopic = "homeassistant/status"

  private let settings: MQTTSettings
  private let pipeline: String
  private let node: String

  init(_ settings: MQTTSettings, pipeline: String) {
    (self.settings, self.pipeline) = (settings, pipeline)
    node = Self.identifier(settings.base)
  }

  enum Component: String, Sendable {
    case binarySensor = "binary_sensor"
    case sensor
    case `switch`
  }

  struct Announcement: Hashable, Sendable {
    let topic: String
    let payload: [UInt8]
  }

  /// Somebody is in a zone, or not.
  func occupancy(_ name: String, topic: String, path: [String]) -> Announcement {
    announcement(.binarySensor, name, path, ["state_topic": .string(topic), "device_class": .string("occupancy")])
  }

  /// How many are in a zone.
  func count(_ name: String, topic: String, path: [String]) -> Announcement {
    announcement(.sensor, name, path, ["state_topic": .string(topic), "state_class": .string("measurement")])
  }

  /// How many have crossed a line in one direction.
  func total(_ name: String, topic: String, path: [String]) -> Announcement {
    announcement(.sensor, name, path, ["state_topic": .string(topic), "state_class": .string("total_increasing")])
  }

  /// Whether the frames of a stream come.
  func connectivity(_ name: String, topic: String, path: [String]) -> Announcement {
    announcement(
      .binarySensor, name, path,
      [
        "state_topic": .string(topic), "device_class": .string("connectivity"),
        "entity_category": .string("diagnostic"),
      ])
  }

  /// Detection on or off.
  func detection(topic: String) -> Announcement {
    announcement(
      .switch, "Detection", ["detection"],
      ["state_topic": .string(topic), "command_topic": .string(settings.base + "/set/detection")])
  }

  /// - Parameter path: what makes it the only one of its kind beneath this node.
  private func announcement(
    _ component: Component, _ name: String, _ path: [String], _ own: [String: ReportValue]
  ) -> Announcement {
    let object = path.map(Self.identifier).joined(separator: "_")
    var payload: [String: ReportValue] = [
      "name": .string(name), "unique_id": .string("\(node)_\(object)"),
      "availability_topic": .string(settings.availabilityTopic),
      "device": .object([
        "identifiers": .list([.string(node)]), "name": .string(pipeline), "manufacturer": .string("edgepipe"),
        "model": .string("edgepipe pipeline"),
      ]),
      "origin": .object(["name": .string("edgepipe")]),
    ]
    payload.merge(own) { _, own in own }
    return Announcement(
      topic: "homeassistant/\(component.rawValue)/\(node)/\(object)/config",
      payload: Array(ReportValue.object(payload).line.utf8))
  }

  /// Home Assistant allows letters of ASCII, digits, `_` and `-`. Where something had to be replaced, a hash of the whole name
  /// keeps it different from others.
  static func identifier(_ name: String) -> String {
    let plain = String(
      name.utf8.map { byte in
        let isPlain =
          byte < 128 && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber)
        return isPlain || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") ? Character(Unicode.Scalar(byte)) : "_"
      })
    if plain == name { return plain }
    var hash: UInt32 = 0x811C_9DC5
    for byte in name.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
    return "\(plain.prefix(64))_\(String(hash, radix: 16))"
  }
}
