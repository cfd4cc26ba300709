import Testing

@testable import Measure

/// Twenty devices for three years, the example that docs/tco.md works out by hand.
extension CostOption {
  static var byHand: CostOption {
    var option = CostOption(name: "by-hand", devices: 20, performance: .framesPerSecond(40))
    option.hardware = Hardware(pricePerDevice: 500, depreciationRate: 0.1)
    option.development = Development(hours: 200, ratePerHour: 80, tools: 1000)
    option.operations = Operations(hoursPerMonth: 10, ratePerHour: 60)
    option.energy = Energy(meanPowerW: 10, hoursPerYear: 8760, pricePerKWh: 0.3)
    option.network = Network(gbPerMonth: 10, pricePerGB: 0.05)
    option.benefitsPerYear = 30_000
    return option
  }
}

@Suite("Costs and returns")
struct CostsTests {
  /// Money to a hundredth of a cent: what floating point may lose over some dozens of operations is far below.
  private func expect(_ value: Double?, _ expected: Double, _ what: Comment) throws {
    #expect(abs(try #require(value) - expected) < 1e-4, what)
  }

  @Test("Given the example worked out by hand, when computed, then each kind of cost and the total agree")
  func kinds() throws {
    let costs = Costs(of: .byHand, years: 3)
    // 20 x 500 = 10,000; 1.1 x 1.1 x 1.1 = 1.331.
    try expect(costs[.hardware], 13_310, "hardware")
    // 200 x 80 = 16,000, and 1,000 of tools.
    try expect(costs[.development], 17_000, "development")
    // 10 x 60 = 600 a month, 7,200 a year.
    try expect(costs[.operations], 21_600, "operations")
    // 0.01 kW x 8,760 h = 87.6 kWh, 26.28 a year and device, 525.60 for twenty.
    try expect(costs[.energy], 1576.8, "energy")
    // 120 GB a year cost 6, for twenty devices 120.
    try expect(costs[.network], 360, "network")
    // 13,310 + 17,000 + 21,600 + 1,576.80 + 360.
    try expect(costs.total, 53_846.8, "total")
    try expect(costs.perDevice, 2692.34, "a device")
    try expect(costs.initial, 30_310, "at the start")
    try expect(costs.yearly.total, 7845.6, "a year")
  }

  @Test("Given the same example, when its returns are computed, then they are those worked out by hand")
  func returns() throws {
    let returns = Returns(of: .byHand, costs: Costs(of: .byHand, years: 3), discountRate: 0.08)
    try expect(returns.benefits, 90_000, "benefits")
    // (90,000 - 53,846.80) / 53,846.80 = 36,153.20 / 53,846.80.
    #expect(abs(try #require(returns.onInvestmentPercent) - 67.14085) < 1e-5)
    // 53,846.80 / 30,000.
    try expect(returns.paybackYears, 1.794893, "payback")
    // A year leaves 30,000 - 7,845.60 = 22,154.40, worth 20,513.333 + 18,993.827 + 17,586.877 = 57,094.037 today.
    #expect(abs(returns.netPresentValue - 26_784.037) < 0.001)
  }

  @Test("Given no discount, when the net present value is computed, then it is benefits less costs")
  func undiscounted() throws {
    let costs = Costs(of: .byHand, years: 7)
    let returns = Returns(of: .byHand, costs: costs, discountRate: 0)
    #expect(abs(returns.netPresentValue - (returns.benefits - costs.total)) < 1e-6)
  }

  @Test("Given no costs, when computed, then nothing is invested, nothing has to be paid back, and there are no shares")
  func free() {
    var option = CostOption(name: "free", devices: 3, performance: .score(1))
    option.benefitsPerYear = 100
    let costs = Costs(of: option, years: 2)
    #expect(costs.total == 0)
    #expect(costs.share(of: .energy) == nil)
    #expect(costs.furthestFromTypical == nil)
    let returns = Returns(of: option, costs: costs, discountRate: 0)
    #expect(returns.onInvestmentPercent == nil)
    #expect(returns.paybackYears == 0)
    #expect(returns.netPresentValue == 200)
  }

  @Test(
    "Given 1,000 to pay at the start and 600 a year, when paid back, then it takes costs / benefits, or never",
    arguments: [
      // No benefits: all is lost.
      (0, -100, nil, -2800),
      // Less than a year costs: each year adds to the loss.
      (500, -46.42857, nil, -1300),
      // Just what a year costs: the start is never paid.
      (600, -35.71429, nil, -1000),
      // More than a year costs, but not within the three: 2,800 / 800.
      (800, -14.28571, 3.5, -400),
      // Within them: 2,800 / 1,400.
      (1400, 50, 2, 1400),
    ] as [(Double, Double, Double?, Double)])
  func payback(benefits: Double, percent: Double, years: Double?, value: Double) throws {
    var option = CostOption(name: "small", devices: 1, performance: .score(1))
    option.hardware.pricePerDevice = 1000
    option.operations = .init(hoursPerMonth: 1, ratePerHour: 50)
    option.benefitsPerYear = benefits
    let costs = Costs(of: option, years: 3)
    #expect(costs.total == 2800)
    let returns = Returns(of: option, costs: costs, discountRate: 0)
    try expect(returns.onInvestmentPercent, percent, "return")
    #expect(returns.paybackYears == years)
    #expect(abs(returns.netPresentValue - value) < 1e-9)
  }

  @Test("Given a split, when compared with the typical one, then the furthest is found above and below it")
  func split() throws {
    #expect(abs(CostKind.allCases.reduce(0) { $0 + $1.typicalShare } - 1) < 1e-12)
    let costs = Costs(of: .byHand, years: 3)
    #expect(abs(CostKind.allCases.reduce(0) { $0 + (costs.share(of: $1) ?? 0) } - 1) < 1e-12)
    // 21,600 / 53,846.80: 20.1 points above 20 %; hardware is 15.3 points below 40 %.
    #expect(abs(try #require(costs.share(of: .operations)) - 0.401138) < 1e-6)
    #expect(costs.furthestFromTypical == .operations)
    var other = CostOption.byHand
    // Hardware 0 of 40,536.80 (40 points below); operations 53.3 % (33.3 points above).
    other.hardware.pricePerDevice = 0
    #expect(Costs(of: other, years: 3).furthestFromTypical == .hardware)
  }
}
