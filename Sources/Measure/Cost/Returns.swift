import Foundation

/// What comes back of an option's costs.
package struct Returns: Sendable, Equatable {
  /// Over all years.
  package let benefits: Double
  /// Return on investment: (benefits - costs) / costs x 100; nil where nothing was invested.
  package let onInvestmentPercent: Double?
  /// Costs / (benefits of a year): the years whose benefits cover the costs of all years. Nil where no number of years
  /// will: there are no benefits, or the costs are not covered by the last year and further ones do not bring more than
  /// they cost.
  package let paybackYears: Double?
  /// The initial costs, and the difference of benefits and costs at the end of each year discounted to the beginning.
  package let netPresentValue: Double

  init(of option: CostOption, costs: Costs, discountRate: Double) {
    let years = Double(costs.years), yearly = option.benefitsPerYear
    benefits = yearly * years
    onInvestmentPercent = costs.total > 0 ? (benefits - costs.total) / costs.total * 100 : nil
    let isCovered = costs.total <= benefits
    if costs.total == 0 {
      paybackYears = 0
    } else {
      paybackYears = isCovered || yearly > costs.yearly.total ? costs.total / yearly : nil
    }
    netPresentValue = (1...costs.years).reduce(-costs.initial) { value, year in
      value + (yearly - costs.yearly.total) / pow(1 + discountRate, Double(year))
    }
  }
}
