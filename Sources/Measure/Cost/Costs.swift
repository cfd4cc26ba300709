import Foundation

/// The five kinds of cost.
package enum CostKind: String, Sendable, CaseIterable {
  case hardware, development, operations, energy, network

  /// The share that the kind typically has in all costs of an edge project: to compare with, not a factor of the model.
  package var typicalShare: Double {
    switch self {
    case .hardware: 0.40
    case .development: 0.25
    case .operations: 0.20
    case .energy: 0.10
    case .network: 0.05
    }
  }
}

/// What an option costs over some years. docs/tco.md derives each line.
package struct Costs: Sendable, Equatable {
  /// Devices x price x (1 + depreciation rate)^years.
  let hardware: Double
  /// Hours x rate + tools.
  let development: Double
  /// The three kinds of cost that come every year.
  let yearly: Yearly
  let years: Int
  let devices: Int

  struct Yearly: Sendable, Equatable {
    /// Hours a month x rate x 12.
    let operations: Double
    /// Mean power / 1000 x hours a year x price of a kilowatt-hour x devices.
    let energy: Double
    /// Gigabytes a month x 12 x price of a gigabyte x devices.
    let network: Double

    var total: Double { operations + energy + network }
  }

  init(of option: CostOption, years: Int) {
    let devices = Double(option.devices)
    hardware = devices * option.hardware.pricePerDevice * pow(1 + option.hardware.depreciationRate, Double(years))
    development = option.development.hours * option.development.ratePerHour + option.development.tools
    yearly = Yearly(
      operations: option.operations.hoursPerMonth * option.operations.ratePerHour * 12,
      energy: option.energy.meanPowerW / 1000 * option.energy.hoursPerYear * option.energy.pricePerKWh * devices,
      network: option.network.gbPerMonth * 12 * option.network.pricePerGB * devices)
    self.years = years
    self.devices = option.devices
  }

  package subscript(kind: CostKind) -> Double {
    switch kind {
    case .hardware: hardware
    case .development: development
    case .operations: yearly.operations * Double(years)
    case .energy: yearly.energy * Double(years)
    case .network: yearly.network * Double(years)
    }
  }

  /// What has to be paid before anything runs.
  var initial: Double { hardware + development }

  /// Total cost of ownership: the sum of the five kinds.
  package var total: Double { initial + yearly.total * Double(years) }

  package var perDevice: Double { total / Double(devices) }

  /// The share of a kind in the total; nil where nothing costs anything.
  package func share(of kind: CostKind) -> Double? { total > 0 ? self[kind] / total : nil }

  /// The kind whose share is furthest from the typical one, in either direction; nil where nothing costs anything.
  package var furthestFromTypical: CostKind? {
    func distance(_ kind: CostKind) -> Double { abs((share(of: kind) ?? 0) - kind.typicalShare) }
    return total > 0 ? CostKind.allCases.max { distance($0) < distance($1) } : nil
  }
}
