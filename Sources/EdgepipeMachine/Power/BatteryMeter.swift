import EdgepipeCore

/// What a battery gives while nothing charges it: all that the machine takes, the screen included.
struct BatteryMeter: PowerMeter {
  let method = PowerMethod.battery
  let name: String
  let tree: SystemTree
  let path: String

  static let folder = "/sys/class/power_supply"

  static func find(_ tree: SystemTree) -> [BatteryMeter] {
    tree.names(in: folder).compactMap { entry in
      let path = "\(folder)/\(entry)"
      // `scope` Device is the battery of a mouse or a keyboard.
      guard (try? tree.text("\(path)/type")) == "Battery", (try? tree.text("\(path)/scope")) != "Device" else {
        return nil
      }
      return BatteryMeter(name: entry, tree: tree, path: path)
    }
  }

  /// `power_now` in microwatts, or `current_now` in microamperes times `voltage_now` in microvolts. Some drivers count
  /// discharge as negative.
  func read() throws(PipelineError) -> PowerReading {
    let status = try value { () throws(SystemTree.Failure) in try tree.text("\(path)/status") }
    guard status == "Discharging" else {
      throw PipelineError(
        "the battery '\(name)' reports '\(status)': it shows the machine's power only while it discharges",
        remedy: "unplug the charger to measure", code: .unavailable)
    }
    return try value { () throws(SystemTree.Failure) in
      if tree.exists("\(path)/power_now") { return .watts(abs(Double(try tree.integer("\(path)/power_now"))) / 1e6) }
      let amperes = Double(try tree.integer("\(path)/current_now")) / 1e6
      return .watts(abs(amperes * Double(try tree.integer("\(path)/voltage_now")) / 1e6))
    }
  }

  private func value<Result>(_ body: () throws(SystemTree.Failure) -> Result) throws(PipelineError) -> Result {
    do throws(SystemTree.Failure) { return try body() } catch {
      throw PipelineError("cannot read the battery '\(path)': \(error)", code: .unavailable)
    }
  }
}
