package import EdgepipeCore

/// A power sensor that this machine has, or seems to have, and whether it can be used.
package struct PowerSensor: Sendable {
  package enum State: Sendable, Hashable {
    case ready
    /// The reason as a sentence, and what to do; nil where nothing can be done.
    case unusable(reason: String, remedy: String?)
  }

  /// `rapl`, `hwmon`, `jetson`, `battery`, `raspberry-pi`.
  package let kind: String
  package let name: String
  package let path: String
  package let state: State
  /// Nil for sensors that sysfs does not offer.
  let meter: (any PowerMeter)?

  package var isReady: Bool { state == .ready }
}

/// The power sensors of a machine.
package enum PowerSensors {
  /// All that there are, the best first: a Jetson's whole module, then the processor's counters, then current sensors,
  /// whose wiring only the owner knows, then batteries. Each is read once to see whether it can be.
  package static func find(in tree: SystemTree = SystemTree()) -> [PowerSensor] {
    let current = CurrentSensorMeter.find(tree).map { sensor($0.meter, $0.path) }
    let rapl = RAPLMeter(tree).map { [sensor($0, RAPLMeter.folder)] } ?? []
    let batteries = BatteryMeter.find(tree).map { sensor($0, $0.path) }
    return current.filter { $0.kind == PowerMethod.jetson.rawValue } + rapl
      + current.filter { $0.kind != PowerMethod.jetson.rawValue } + batteries + raspberryPi(tree)
  }

  private static func sensor(_ meter: any PowerMeter, _ path: String) -> PowerSensor {
    var state = PowerSensor.State.ready
    do throws(PipelineError) { _ = try meter.read() } catch {
      state = .unusable(reason: error.message, remedy: error.remedy)
    }
    return PowerSensor(kind: meter.method.rawValue, name: meter.name, path: path, state: state, meter: meter)
  }

  /// A Raspberry Pi 5 measures its rails, but only its firmware's mailbox gives the values (`vcgencmd pmic_read_adc`);
  /// its hwmon entry `rpi_volt` is an alarm.
  private static func raspberryPi(_ tree: SystemTree) -> [PowerSensor] {
    guard let model = try? tree.text("/proc/device-tree/model"), model.hasPrefix("Raspberry Pi") else { return [] }
    let reason =
      model.hasPrefix("Raspberry Pi 5")
      ? "the power chip's readings are not in sysfs, only in 'vcgencmd pmic_read_adc', which covers the rails behind it"
      : "\(model) has no power sensor"
    let remedy = "install an INA219 or INA226 in the power supply, or calibrate a profile: edgepipe devices calibrate"
    return [
      PowerSensor(
        kind: "raspberry-pi", name: "power chip", path: "/proc/device-tree/model",
        state: .unusable(reason: reason, remedy: remedy), meter: nil)
    ]
  }
}
