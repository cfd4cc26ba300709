import EdgepipeCore
import Foundation

/// How hot the machine is, and whether it holds itself back, as the system tells.
struct MachineHealth: Sendable, Hashable {
  struct Sensor: Sendable, Hashable {
    let name: String
    let celsius: Double
    /// From where on the system slows down, as it says itself; nil where it says nothing sensible.
    let slowsAt: Double?
    /// The system switches the machine off there; nil where it does not say.
    let critical: Double?

    /// Above it is too hot: the system shall not have to slow down by itself.
    var limit: Double { slowsAt.map { $0 - MachineHealth.margin } ?? MachineHealth.usualLimit }
  }

  /// Those that could be read.
  var sensors: [Sensor] = []
  /// The supply does not hold its voltage.
  var isUnderVoltage = false
  /// The clock is held back for heat or for the supply.
  var isThrottled = false

  /// Where a sensor has no limit of its own: most boards hold back at 80 to 85 degrees.
  static let usualLimit = 80.0
  /// A limit that the sensor gives is taken so far below it: at it the system holds back by itself.
  static let margin = 5.0
  /// Some drivers write limits that mean none, and lower ones are for a case or a battery.
  private static let sensible = 60.0...120.0
  /// Chips that less work for detectors does not cool.
  private static let elsewhere = ["nvme", "drivetemp", "iwlwifi", "ath", "mt7", "jc42", "spd5118", "BAT", "ucsi"]

  private static let zones = "/sys/class/thermal"
  private static let monitors = "/sys/class/hwmon"
  /// Raspberry Pi: bits of vcgencmd's get_throttled. Those that are set now are 0 to 3.
  private static let raspberry = "/sys/devices/platform/soc/soc:firmware/get_throttled"

  init() {}

  init(_ system: SystemTree, before: ThrottleCounts? = nil, now: ThrottleCounts? = nil) {
    let zones = Self.thermalZones(system)
    // The kernel shows thermal zones as hardware monitors as well: `cpu-thermal` as `cpu_thermal`.
    let known = Set(zones.map { $0.name.replacing("-", with: "_") })
    sensors = zones + Self.hardwareMonitors(system, besides: known)
    if let bits = Self.raspberryBits(system) {
      isUnderVoltage = bits & 0b0001 != 0
      isThrottled = bits & 0b1110 != 0
    }
    if let before, let now, now.events > before.events { isThrottled = true }
  }

  /// The sensor that is furthest above its limit, or nearest to it.
  var hottest: Sensor? { sensors.max { $0.celsius - $0.limit < $1.celsius - $1.limit } }

  private static func names(_ folder: String, _ prefix: String, _ system: SystemTree) -> [String] {
    system.names(in: folder).filter { $0.hasPrefix(prefix) }.sorted()
  }

  private static func celsius(_ path: String, _ system: SystemTree) -> Double? {
    (try? system.integer(path)).map { Double($0) / 1000 }
  }

  /// https://docs.kernel.org/driver-api/thermal/sysfs-api.html
  private static func thermalZones(_ system: SystemTree) -> [Sensor] {
    names(zones, "thermal_zone", system).compactMap { zone in
      let folder = "\(zones)/\(zone)"
      guard let value = celsius("\(folder)/temp", system), (-40...150).contains(value) else { return nil }
      var trips: [String: Double] = [:]
      for number in 0..<16 {
        guard let kind = try? system.text("\(folder)/trip_point_\(number)_type") else { break }
        guard let trip = celsius("\(folder)/trip_point_\(number)_temp", system), sensible.contains(trip) else {
          continue
        }
        // Of several passive points the last is the one to stay below; the first only begins to steer.
        trips[kind] = kind == "passive" ? max(trips[kind] ?? trip, trip) : min(trips[kind] ?? trip, trip)
      }
      let slowsAt = [trips["passive"], trips["hot"], trips["critical"].map { $0 - 2 * margin }].compactMap { $0 }.min()
      let kind = (try? system.text("\(folder)/type")) ?? zone
      return Sensor(name: kind, celsius: value, slowsAt: slowsAt, critical: trips["critical"])
    }
  }

  /// https://docs.kernel.org/hwmon/sysfs-interface.html
  private static func hardwareMonitors(_ system: SystemTree, besides known: Set<String>) -> [Sensor] {
    names(monitors, "hwmon", system).flatMap { monitor -> [Sensor] in
      let folder = "\(monitors)/\(monitor)", chip = (try? system.text("\(folder)/name")) ?? monitor
      if known.contains(chip) || elsewhere.contains(where: chip.hasPrefix) { return [] }
      return (1...16).compactMap { number in
        guard let value = celsius("\(folder)/temp\(number)_input", system), (-40...150).contains(value) else {
          return nil
        }
        func trip(_ name: String) -> Double? {
          celsius("\(folder)/temp\(number)_\(name)", system).flatMap { sensible.contains($0) ? $0 : nil }
        }
        let slowsAt = [trip("max"), trip("crit").map { $0 - 2 * margin }].compactMap { $0 }.min()
        return Sensor(
          name: (try? system.text("\(folder)/temp\(number)_label")) ?? "\(chip) \(number)", celsius: value,
          slowsAt: slowsAt, critical: trip("crit"))
      }
    }
  }

  private static func raspberryBits(_ system: SystemTree) -> Int? {
    guard let text = try? system.text(raspberry) else { return nil }
    return Int(text.hasPrefix("0x") ? text.dropFirst(2) : text[...], radix: 16)
  }
}

/// How often x86 processors and Jetsons have held back for heat since they started: what rises does so now.
struct ThrottleCounts: Sendable, Hashable {
  let events: Int64

  init(_ system: SystemTree) {
    let cores = system.names(in: "/sys/devices/system/cpu").filter {
      $0.hasPrefix("cpu") && $0.dropFirst(3).allSatisfy(\.isNumber) && $0.count > 3
    }
    let counts = cores.flatMap { core in
      ["core_throttle_count", "package_throttle_count"].compactMap {
        try? system.integer("/sys/devices/system/cpu/\(core)/thermal_throttle/\($0)")
      }
    }
    let alarms = system.names(in: "/sys/class/hwmon").flatMap { monitor in
      (1...8).compactMap { try? system.integer("/sys/class/hwmon/\(monitor)/oc\($0)_event_cnt") }
    }
    events = (counts + alarms).reduce(0) { $0.addingReportingOverflow($1).partialValue }
  }
}
