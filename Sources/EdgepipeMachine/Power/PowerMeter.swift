public import EdgepipeCore

/// Something that says how much power the machine takes, or how much energy it has taken.
///
/// Read by one thread at a time.
public protocol PowerMeter: Sendable {
  /// How it is done, for `power.method` of the report.
  var method: PowerMethod { get }
  /// What is read, such as `package-0 + package-1`.
  var name: String { get }
  /// - Throws: a ``PipelineError`` that names the file and what to do.
  func read() throws(PipelineError) -> PowerReading
}

/// How power is known.
public enum PowerMethod: String, Sendable, Hashable, CaseIterable {
  /// Energy counters of Intel and AMD processors, through powercap.
  case rapl
  /// A current sensor on the board or on its supply: INA219, INA226, INA3221 and relatives.
  case hwmon
  /// The sensors of a Jetson module, of all that it takes.
  case jetson
  /// The discharge of a battery.
  case battery
  /// Not measured: computed from CPU time by a ``DeviceProfile``.
  case profile

  package var isEstimate: Bool { self == .profile }
}

/// One look at a meter.
public enum PowerReading: Sendable, Hashable {
  /// Power at this instant.
  case watts(Double)
  /// Energy since some start, for each of the meter's parts; the sum counts.
  case energy([EnergyCounter])
}

/// An energy counter that begins again at 0 when it is full.
public struct EnergyCounter: Sendable, Hashable {
  public var id: String
  public var microjoules: UInt64
  /// The highest value before it begins again; nil for one that never does.
  public var highest: UInt64?

  public init(id: String, microjoules: UInt64, highest: UInt64? = nil) {
    self.id = id
    self.microjoules = microjoules
    self.highest = highest
  }

  /// Joules since `earlier`, which was less than one round ago; nil where the counter went back for no reason.
  ///
  /// A full counter begins again: highest - earlier + now, as the kernel's documents on powercap have it.
  func joules(since earlier: EnergyCounter) -> Double? {
    if microjoules >= earlier.microjoules { return Double(microjoules - earlier.microjoules) / 1e6 }
    guard let highest, highest >= earlier.microjoules else { return nil }
    return (Double(highest - earlier.microjoules) + Double(microjoules)) / 1e6
  }
}
