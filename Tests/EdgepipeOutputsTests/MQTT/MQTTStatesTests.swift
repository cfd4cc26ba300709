import EdgepipeCore
import Foundation
import Pipeline
import Stages
import Testing

@testable import EdgepipeOutputs

struct MQTTStatesTests {
  private static let settings = MQTTSettings(
    host: "localhost", port: 1883, tls: nil, clientID: "test", base: "edgepipe/shop")
  private let board = StateBoard()

  private func states(announces: Bool = true) -> MQTTStates {
    MQTTStates(
      base: Self.settings.base, board, announces ? HomeAssistant(Self.settings, pipeline: "shop") : nil)
  }

  private var published: [String: String] {
    Dictionary(
      board.takeChanges().map { ($0.topic, String(decoding: $0.payload, as: UTF8.self)) }, uniquingKeysWith: { $1 })
  }

  @Test func givenAPresence_whenAnnounced_thenTheEntityIsAsHomeAssistantWantsIt() {
    states().note(
      FrameEvent(
        stage: "zones", kind: "zone.presence", fields: [.init("zone", .string("desk")), .init("occupied", .bool(true))]),
      stream: "door")
    #expect(
      published == [
        "edgepipe/shop/state/door/zones/desk/occupied": "ON",
        "homeassistant/binary_sensor/edgepipe_shop_fccb9501/door_zones_desk_occupied/config": """
        {"availability_topic":"edgepipe/shop/availability","device":{"identifiers":["edgepipe_shop_fccb9501"],\
        "manufacturer":"edgepipe","model":"edgepipe pipeline","name":"shop"},"device_class":"occupancy",\
        "name":"door desk occupied","origin":{"name":"edgepipe"},\
        "state_topic":"edgepipe/shop/state/door/zones/desk/occupied",\
        "unique_id":"edgepipe_shop_fccb9501_door_zones_desk_occupied"}
        """,
      ])
  }

  @Test func givenALineAndACount_whenNoted_thenTheirNumbersAreStates() {
    let states = states(announces: false)
    states.note(
      FrameEvent(
        stage: "lines", kind: "line.cross",
        fields: [.init("line", .string("gate")), .init("totals", .object(["in": .int(3), "out": .int(1)]))]),
      stream: "door")
    states.note(
      FrameEvent(
        stage: "zones", kind: "zone.occupancy", fields: [.init("zone", .string("desk")), .init("count", .int(2))]),
      stream: "a/b#")
    states.note(isDetecting: false)
    #expect(
      published == [
        "edgepipe/shop/state/door/lines/gate/in": "3", "edgepipe/shop/state/door/lines/gate/out": "1",
        "edgepipe/shop/state/a_b_/zones/desk/count": "2", "edgepipe/shop/state/detection": "OFF",
      ])
  }

  @Test(arguments: [(StreamState.streaming, "ON"), (.waiting, "OFF"), (.ended, "OFF")])
  func givenAStream_whenItsHealthChanges_thenItIsConnectedOrNot(_ state: StreamState, _ word: String) {
    let health = StreamHealth(
      stream: "door", state: state, since: MonotonicTime(nanoseconds: 0), sinceWall: WallTime(nanoseconds: 0),
      attempt: 1,
      lastError: nil)
    states(announces: false).note(HealthChange(health: health, previous: nil, fault: nil, faultSeconds: nil))
    #expect(published == ["edgepipe/shop/state/door/connected": word])
  }

  @Test func givenZonesAndLines_whenAStreamBegins_thenItsStatesAreThereBeforeAnythingHasHappened() {
    let shapes: [(stage: String, shape: ListedShape)] = [
      ("zones", ListedShape(name: "desk", kind: .zone(tellsCount: true, tellsPresence: true), streams: nil)),
      ("zones", ListedShape(name: "yard", kind: .zone(tellsCount: true, tellsPresence: true), streams: ["gate"])),
      ("lines", ListedShape(name: "in", kind: .line(directions: ["right", "left"]), streams: ["door"])),
    ]
    states(announces: false).begin(shapes, stream: "door")
    #expect(
      published == [
        "edgepipe/shop/state/door/zones/desk/occupied": "OFF", "edgepipe/shop/state/door/zones/desk/count": "0",
        "edgepipe/shop/state/door/lines/in/right": "0", "edgepipe/shop/state/door/lines/in/left": "0",
      ])
  }

  @Test func givenNamesThatDifferOnlyInWhatIsReplaced_whenMadeIdentifiers_thenTheyDiffer() {
    #expect(HomeAssistant.identifier("door-1_a") == "door-1_a")
    #expect(HomeAssistant.identifier("a b") != HomeAssistant.identifier("a/b"))
    #expect(HomeAssistant.identifier("ü").allSatisfy { $0.isASCII })
  }
}
