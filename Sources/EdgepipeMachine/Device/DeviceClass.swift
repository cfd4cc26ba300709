/// The usual classes of devices at the edge, by what they have and how they are powered.
package enum DeviceClass: String, Sendable, Hashable, CaseIterable {
  /// 512 MB to 4 GB, 1 to 10 W.
  case embedded
  /// 4 to 12 GB, 5 to 15 W, with a battery.
  case mobile
  /// 2 to 16 GB, 10 to 50 W.
  case industrial
  /// From 16 GB, 50 to 200 W.
  case edgeServer = "edge-server"

  /// What to optimise for.
  package var aim: String {
    switch self {
    case .embedded: "extreme compression, pruning"
    case .mobile: "compression, quantization"
    case .industrial: "real time, reliability"
    case .edgeServer: "parallelism, caching"
    }
  }

  /// The class of a machine, and why.
  ///
  /// Boards that the classes name as examples go by their name, wherever their memory would put them; the others by
  /// memory, and between 4 and 16 GB by whether there is a battery.
  package static func of(_ device: DeviceInfo, hasBattery: Bool) -> (value: DeviceClass, reason: String) {
    let examples: [(part: String, value: DeviceClass)] = [
      ("AGX", .edgeServer), ("Jetson", .embedded), ("Raspberry Pi", .embedded), ("NUC12", .edgeServer),
    ]
    if let model = device.model, let example = examples.first(where: { model.contains($0.part) }) {
      return (example.value, "the machine is '\(model)'")
    }
    guard let memory = device.memoryMB else { return (.industrial, "the amount of memory is not known") }
    let size = "\(memory) MB of memory"
    // The system keeps some of it: 4 GB are shown as 3.7.
    if memory < 3 * 1024 { return (.embedded, size) }
    if memory >= 14 * 1024 { return (.edgeServer, size) }
    return hasBattery ? (.mobile, "\(size) and a battery") : (.industrial, "\(size) and no battery")
  }
}
