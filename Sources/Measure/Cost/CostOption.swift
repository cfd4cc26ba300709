/// One way of doing the job: what it takes and what it gives. Money is in the file's currency; no figure is
/// negative.
public struct CostOption: Sendable, Equatable {
  public var name: String
  /// At least 1.
  public var devices: Int
  public var hardware = Hardware()
  public var development = Development()
  public var operations = Operations()
  public var energy = Energy()
  public var network = Network()
  /// Money that all devices together earn or save in a year.
  public var benefitsPerYear = 0.0
  public var performance: Performance
  /// The run report that power and speed were taken from.
  public var report: String?

  public struct Hardware: Sendable, Equatable {
    public var pricePerDevice = 0.0
    /// The share of its price that a device loses in a year and that is put back: 0.2 for 20 %.
    public var depreciationRate = 0.0
  }

  /// Paid once.
  public struct Development: Sendable, Equatable {
    public var hours = 0.0
    public var ratePerHour = 0.0
    public var tools = 0.0
  }

  /// People's time for all devices together.
  public struct Operations: Sendable, Equatable {
    public var hoursPerMonth = 0.0
    public var ratePerHour = 0.0
  }

  public struct Energy: Sendable, Equatable {
    /// 24 hours on each of 365 days.
    public static let allYear = 8760.0

    /// Of one device, in watts.
    public var meanPowerW = 0.0
    public var source = PowerSource.stated
    public var hoursPerYear = Self.allYear
    public var pricePerKWh = 0.0
  }

  /// How the power is known.
  public enum PowerSource: Sendable, Equatable {
    /// The cost file says it.
    case stated
    /// A run was measured, or its power estimated, as its report says in words: `measured: rapl, package-0`.
    case run(description: String, isEstimate: Bool)
  }

  public struct Network: Sendable, Equatable {
    /// Of one device, in gigabytes.
    public var gbPerMonth = 0.0
    public var pricePerGB = 0.0
  }

  /// What options are compared by; greater than 0.
  public enum Performance: Sendable, Equatable {
    /// Frames a second of one device.
    case framesPerSecond(Double)
    /// The score of the whole option, in a unit that only its author knows.
    case score(Double)
  }

  public init(name: String, devices: Int, performance: Performance) {
    self.name = name
    self.devices = devices
    self.performance = performance
  }

  /// What the option as a whole achieves: frames a second of all devices together, or the score.
  public var score: Double {
    switch performance {
    case .framesPerSecond(let rate): rate * Double(devices)
    case .score(let score): score
    }
  }
}
