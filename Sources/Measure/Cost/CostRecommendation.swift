extension CostComparison {
  /// One sentence on each row, in their order: which to choose, when to prefer another, and whether it pays.
  package var recommendations: [String] {
    rows.indices.map { index in index == 0 ? first : other(rows[index]) }
  }

  private var first: String {
    guard let best = rows.first else { return "" }
    let ahead = lead.map { ", \($0)" } ?? ""
    let verdict = rows.count == 1 ? "The only option" : "Best performance per cost\(ahead)"
    guard hasBenefits(best) else {
      return "\(verdict): choose it if it is worth its cost; no benefits are stated, so the return cannot be computed."
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
      ? "no reason to choose it: its cost is not lower, and its performance and return are not better"
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
    return ratio < 1.005 ? "equal to \(second)" : "\(Amount(digits: 2).text(ratio)) x \(second)"
  }

  private func behind(_ row: Row, _ best: Row) -> String {
    guard best.efficiency.isFinite else {
      return row.efficiency.isFinite ? "Less performance per cost" : "It costs nothing either"
    }
    let share = 1 - row.efficiency / best.efficiency
    return share < 0.0005
      ? "Equal performance per cost" : "\(Amount.percent(share)) less performance per cost"
  }

  private func hasBenefits(_ row: Row) -> Bool { row.option.benefitsPerYear > 0 }

  /// Whether the option brings money, as far as benefits are stated.
  private func pays(_ row: Row) -> Bool { !hasBenefits(row) || row.returns.netPresentValue >= 0 }

  private func economics(of row: Row) -> String {
    guard let payback = row.returns.paybackYears else {
      return "it never pays back: the yearly benefits do not exceed the yearly costs"
    }
    let horizon = Amount.years(Double(years))
    if payback > Double(years) {
      return "it pays back in \(Amount.years(payback)), after the period of \(horizon)"
    }
    if row.returns.netPresentValue < 0 {
      return "it pays back in \(Amount.years(payback)), but discounted at \(Amount.percent(discountRate)) it loses "
        + "\(money.text(-row.returns.netPresentValue)) \(currency)"
    }
    return payback > 0 ? "it pays back in \(Amount.years(payback))" : "it costs nothing"
  }
}
