/// Options side by side over the same years, the most performance for the money first.
package struct CostComparison: Sendable {
  /// The label of all money, such as `EUR`.
  package let currency: String
  /// At least 1.
  package let years: Int
  /// A year, 0.08 for 8 %.
  package let discountRate: Double
  /// Best first; where two are equal, the cheaper one, then the one that was named first.
  package let rows: [Row]

  /// One option and what came of it.
  package struct Row: Sendable {
    package let option: CostOption
    package let costs: Costs
    package let returns: Returns

    /// Cost efficiency: score / total cost. Infinite for something that costs nothing.
    package var efficiency: Double { costs.total > 0 ? option.score / costs.total : .infinity }
  }

  init(of options: [CostOption], currency: String, years: Int, discountRate: Double) {
    self.currency = currency
    self.years = years
    self.discountRate = discountRate
    let rows = options.map { option in
      let costs = Costs(of: option, years: years)
      return Row(option: option, costs: costs, returns: Returns(of: option, costs: costs, discountRate: discountRate))
    }
    self.rows = rows.enumerated().sorted { a, b in
      let (x, y) = (a.element, b.element)
      return (y.efficiency, x.costs.total, a.offset) < (x.efficiency, y.costs.total, b.offset)
    }.map(\.element)
  }

  /// How money is written in this comparison.
  package var money: Amount { Amount(digits: rows.contains { $0.costs.total >= 1000 } ? 0 : 2) }
}
