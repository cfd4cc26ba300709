/// One way of doing the job: what it takes and what it gives. Money is in the file's currency; no figure is
/// negative.
package struct CostOption: Sendable, Equatable {
  package var name: String
  /// At least 1.
  package var devices: Int
  var hardware = Hardware()
  var development = Development()
  var operations = Operations()
  package var energy = Energy()
  var network = Network()
  /// Money that all devices together earn or save in a year.
  var benefitsPerYear = 0.0
  package var performance: Performance
  /// The run report that power and speed were taken from.
  package var report: String?

  struct Hardware: Sendable, Equatable {
    var pricePerDevice = 0.0
    /// The share of its price that a device loses in a year and that is put back: 0.2 for 20 %.
    var depreciationRate = 0.0
  }

  /// Paid once.
  struct Development: Sendable, Equatable {
    var hours = 0.0
    var ratePerHour = 0.0
    var tools = 0.0
  }

  /// People's time for all devices together.
  struct Operations: Sendable, Equatable {
    var hoursPerMonth = 0.0
    var ratePerHour = 0.0
  }

  package struct Energy: Sendable, Equatable {
    /// 24 hours on each of 365 days.
    static let allYear = 8760.0

    /// Of one device, in watts.
    package var meanPowerW = 0.0
    package var source = PowerSource.stated
    var hoursPerYear = Self.allYear
    var pricePerKWh = 0.0
  }

  /// How the power is known.
  package enum PowerSource: Sendable, Equatable {
    /// The cost file says it.
    case stated
    /// A run was measured, or its power estimated, as its report says in words: `measured: rapl, package-0`.
    case run(description: String, isEstimate: Bool)
  }

  struct Network: Sendable, Equatable {
    /// Of one device, in gigabytes.
    var gbPerMonth = 0.0
    var pricePerGB = 0.0
  }

  /// What options are compared by; greater than 0.
  package enum Performance: Sendable, Equatable {
    /// Frames a second of one device.
    case framesPerSecond(Double)
    /// The score of the whole option, in a unit that only its author knows.
    case score(Double)
  }

  init(name: String, devices: Int, performance: Performance) {
    self.name = name
    self.devices = devices
    self.performance = performance
  }

  /// What the option as a whole achieves: frames a second of all devices together, or the score.
  package var score: Double {
    switch performance {
    case .framesPerSecond(let rate): rate * Double(devices)
    case .score(let score): score
    }
  }
}
