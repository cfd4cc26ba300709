import EdgepipeCore

/// A current and voltage sensor of Texas Instruments (INA219, INA226, INA3221 and relatives) as Linux shows it in
/// /sys/class/hwmon, or several that add up.
///
/// A channel gives `power1_input` in microwatts, or `inN_input` in millivolts and `currN_input` in milliamperes, whose
/// product is microwatts.
struct CurrentSensorMeter: PowerMeter {
  struct Channel: Sendable, Hashable {
    var label: String
    var source: Source

    enum Source: Sendable, Hashable {
      case power(String)
      case product(voltage: String, current: String)
    }
  }

  let method: PowerMethod
  let name: String
  let tree: SystemTree
  let channels: [Channel]

  func read() throws(PipelineError) -> PowerReading {
    var watts = 0.0
    for channel in channels {
      switch channel.source {
      case .power(let path): watts += try value(path) / 1e6
      case .product(let voltage, let current): watts += try value(voltage) * value(current) / 1e6
      }
    }
    return .watts(watts)
  }

  private func value(_ path: String) throws(PipelineError) -> Double {
    do throws(SystemTree.Failure) { return Double(try tree.integer(path)) } catch {
      throw PipelineError(
        "cannot read the power sensor '\(path)': \(error)",
        remedy: error == .denied ? "let this user read it, or run as root" : nil, code: .unavailable)
    }
  }
}

// MARK: - Finding them

extension CurrentSensorMeter {
  static let folder = "/sys/class/hwmon"

  /// One meter for each chip, and before them one for a Jetson's whole module.
  static func find(_ tree: SystemTree) -> [(meter: CurrentSensorMeter, path: String)] {
    let chips = tree.names(in: folder).compactMap { entry -> (name: String, path: String, channels: [Channel])? in
      let path = "\(folder)/\(entry)"
      guard let name = try? tree.text("\(path)/name"), name.hasPrefix("ina") else { return nil }
      let channels = name == "ina3221" ? threeChannels(tree, path) : oneChannel(tree, path, name: name)
      return channels.isEmpty ? nil : (name, path, channels)
    }
    if let jetson = wholeModule(of: chips.flatMap { chip in chip.channels.map { (chip.path, $0) } }) {
      return [
        (
          CurrentSensorMeter(
            method: .jetson, name: jetson.map(\.channel.label).joined(separator: " + "), tree: tree,
            channels: jetson.map(\.channel)), jetson[0].path
        )
      ]
    }
    return chips.map { chip in
      let labels = chip.channels.map(\.label).joined(separator: " + ")
      return (
        CurrentSensorMeter(method: .hwmon, name: "\(chip.name): \(labels)", tree: tree, channels: chip.channels),
        chip.path
      )
    }
  }

  /// The rails that together are all of a Jetson module. Other rails are parts of these, and would count twice.
  ///
  /// Orin Nano, Orin NX and TX2 name their input VDD_IN, Nano POM_5V_IN. AGX Orin measures no common input: its three
  /// supplies are added; that its VDDQ rail hangs behind VIN_SYS_5V0 has not been checked on hardware.
  private static let wholeModules = [["VDD_IN"], ["POM_5V_IN"], ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"]]

  private static func wholeModule(of channels: [(path: String, channel: Channel)]) -> [(
    path: String, channel: Channel
  )]? {
    for labels in wholeModules {
      let found = labels.compactMap { label in channels.first { $0.channel.label == label } }
      if found.count == labels.count { return found }
    }
    return nil
  }

  /// INA219, INA226: channel 1; in0 is the voltage across the shunt.
  private static func oneChannel(_ tree: SystemTree, _ path: String, name: String) -> [Channel] {
    if tree.exists("\(path)/power1_input") { return [Channel(label: "power1", source: .power("\(path)/power1_input"))] }
    let (voltage, current) = ("\(path)/in1_input", "\(path)/curr1_input")
    guard tree.exists(voltage), tree.exists(current) else { return [] }
    return [Channel(label: "in1 x curr1", source: .product(voltage: voltage, current: current))]
  }

  /// INA3221: channels 1 to 3 with their bus voltages; in4 and above are shunt voltages, curr4 is a sum.
  private static func threeChannels(_ tree: SystemTree, _ path: String) -> [Channel] {
    (1...3).compactMap { number in
      let (voltage, current) = ("\(path)/in\(number)_input", "\(path)/curr\(number)_input")
      let label = (try? tree.text("\(path)/in\(number)_label")) ?? "channel \(number)"
      let isOff = (try? tree.integer("\(path)/in\(number)_enable")) == 0
      guard !isOff, label != "NC", tree.exists(voltage), tree.exists(current) else { return nil }
      return Channel(label: label, source: .product(voltage: voltage, current: current))
    }
  }
}
