extension CostComparison {
  /// One sentence on each row, in their order: which to choose, when to prefer another, and whether it pays.
  package var recommendations: [String] {
    rows.indices.map { index in index == 0 ? first : other(rows[index]) }
  }

  private var first: String {
    guard let best = rows.first else { return "" }
    let ahead = lead.map { ", \($0)" } ?? ""
    let verdict = rows.count == 1 ? "The only option" : "Most performance for the money\(ahead)"
    guard hasBenefits(best) else {
      return "\(verdict): choose it if it is worth its cost; no benefits are stated, so that no return can be told."
    }
    return pays(best)
      ? "\(verdict): choose it; \(economics(of: best))."
      : "\(verdict), but not worth its cost: \(economics(of: best))."
  }

  private func other(_ row: Row) -> String {
    guard let best = rows.first else { return "" }
    var reasons: [String] = []
    if row.option.score > best.option.score {
      reasons.append("where more performance than that of \(best.option.name) is needed")
    }
    if row.costs.total < best.costs.total {
      reasons.append("where the budget is below the \(money.text(best.costs.total)) \(currency) of \(best.option.name)")
    }
    if pays(row), hasBenefits(row), row.returns.netPresentValue > best.returns.netPresentValue {
      let more = money.text(row.returns.netPresentValue - best.returns.netPresentValue)
      reasons.append("for a net present value that is \(more) \(currency) higher")
    }
    let choice =
      reasons.isEmpty
      ? "no reason to choose it: it costs as much or more, and performs and returns no better"
      : "choose it only " + reasons.joined(separator: ", or ")
    let text = "\(behind(row, best)); \(choice)"
    return (hasBenefits(row) && !pays(row) ? "\(text); \(economics(of: row))" : text) + "."
  }

  // MARK: - Parts of sentences

  /// How far the first is ahead of the second.
  private var lead: String? {
    guard rows.count > 1, rows[0].efficiency.isFinite else { return nil }
    let ratio = rows[0].efficiency / rows[1].efficiency
    let second = rows[1].option.name
    return ratio < 1.005 ? "as much as \(second)" : "\(Amount(digits: 2).text(ratio)) x \(second)"
  }

  private func behind(_ row: Row, _ best: Row) -> String {
    guard best.efficiency.isFinite else {
      return row.efficiency.isFinite ? "Less performance for the money" : "It costs nothing either"
    }
    let share = 1 - row.efficiency / best.efficiency
    return share < 0.0005
      ? "As much performance for the money" : "\(Amount.percent(share)) less performance for the money"
  }

  private func hasBenefits(_ row: Row) -> Bool { row.option.benefitsPerYear > 0 }

  /// Whether the option brings money, as far as benefits are stated.
  private func pays(_ row: Row) -> Bool { !hasBenefits(row) || row.returns.netPresentValue >= 0 }

  private func economics(of row: Row) -> String {
    guard let payback = row.returns.paybackYears else {
      return "it never pays back, for a year brings no more than it costs"
    }
    let horizon = Amount.years(Double(years))
    if payback > Double(years) {
      return "the costs of \(horizon) take the benefits of \(Amount.years(payback))"
    }
    if row.returns.netPresentValue < 0 {
      return "it pays back in \(Amount.years(payback)), but discounted at \(Amount.percent(discountRate)) it loses "
        + "\(money.text(-row.returns.netPresentValue)) \(currency)"
    }
    return payback > 0 ? "it pays back in \(Amount.years(payback))" : "it costs nothing"
  }
}
