import EdgepipeCore
import Foundation
import Measure

/// A comparison of costs as text and as JSON.
struct TCOReport {
  let comparison: CostComparison

  private var rows: [CostComparison.Row] { comparison.rows }
  private var usesScore: Bool { if case .score = rows.first?.option.performance { true } else { false } }

  // MARK: - For people

  var text: String {
    let advice = zip(rows, comparison.recommendations).enumerated().map { index, item in
      "\(index + 1). \(item.0.option.name): \(item.1)"
    }
    return """
      costs over \(Amount.years(Double(comparison.years))) in \(comparison.currency)

      \(costs.text)

      \(gains.text)

      shares of the cost in %, compared with a typical split

      \(split.text)

      \(advice.joined(separator: "\n"))
      """
  }

  private var costs: Table {
    let money = comparison.money
    var table = Table(
      ["option", "devices"] + CostKind.allCases.map(\.rawValue) + ["total", "per device"],
      alignment: [.left] + Array(repeating: .right, count: CostKind.allCases.count + 3))
    for row in rows {
      table.add(
        [row.option.name, Amount(digits: 0).text(Double(row.option.devices))]
          + CostKind.allCases.map { money.text(row.costs[$0]) }
          + [money.text(row.costs.total), money.text(row.costs.perDevice)])
    }
    return table
  }

  private var gains: Table {
    let money = comparison.money, rate = Amount.percent(comparison.discountRate)
    var table = Table(
      [
        "option", usesScore ? "score" : "frames/s", "per 1,000 \(comparison.currency)", "benefits", "ROI", "payback",
        "NPV at \(rate)", "power per device",
      ],
      alignment: [.left, .right, .right, .right, .right, .right, .right, .left])
    for row in rows {
      table.add([
        row.option.name, Amount(digits: 1).text(row.option.score),
        row.efficiency.isFinite ? Amount(digits: 2).text(row.efficiency * 1000) : "free",
        money.text(row.returns.benefits),
        row.returns.onInvestmentPercent.map { Amount(digits: 1).text($0) + " %" } ?? "-",
        row.returns.paybackYears.map { Amount(digits: 1).text($0) + " years" } ?? "never",
        money.text(row.returns.netPresentValue), power(of: row.option),
      ])
    }
    return table
  }

  private func power(of option: CostOption) -> String {
    let watts = Amount(digits: 1).text(option.energy.meanPowerW) + " W"
    return switch option.energy.source {
    case .stated: option.energy.meanPowerW > 0 ? "\(watts), as stated" : "-"
    case .run(let description, _): "\(watts), \(description)"
    }
  }

  private var split: Table {
    func percent(_ share: Double) -> String { Amount(digits: 1).text(share * 100) }
    var table = Table(
      ["option"] + CostKind.allCases.map(\.rawValue) + ["furthest from typical"],
      alignment: [.left] + CostKind.allCases.map { _ in .right } + [.left])
    table.add(["(typical)"] + CostKind.allCases.map { percent($0.typicalShare) } + [""])
    for row in rows {
      let shares = CostKind.allCases.map { row.costs.share(of: $0).map(percent) ?? "-" }
      table.add([row.option.name] + shares + [furthest(row.costs)])
    }
    return table
  }

  private func furthest(_ costs: Costs) -> String {
    guard let kind = costs.furthestFromTypical, let share = costs.share(of: kind) else { return "" }
    let points = Amount(digits: 1).text(abs(share - kind.typicalShare) * 100)
    return "\(kind.rawValue), \(points) points \(share > kind.typicalShare ? "above" : "below")"
  }

  // MARK: - For programs

  var value: ReportValue {
    .object([
      "v": .int(1),
      "currency": .string(comparison.currency),
      "years": .int(comparison.years),
      "discount_rate": .double(comparison.discountRate),
      "typical_split": byKind { .double($0.typicalShare) },
      "options": .list(
        zip(rows, comparison.recommendations).enumerated().map { index, item in
          option(item.0, rank: index + 1, recommendation: item.1)
        }),
    ])
  }

  private func byKind(_ value: (CostKind) -> ReportValue) -> ReportValue {
    .object(Dictionary(CostKind.allCases.map { ($0.rawValue, value($0)) }, uniquingKeysWith: { first, _ in first }))
  }

  private func option(_ row: CostComparison.Row, rank: Int, recommendation: String) -> ReportValue {
    var object: [String: ReportValue] = [
      "rank": .int(rank), "name": .string(row.option.name), "devices": .int(row.option.devices),
      "power": power(of: row.option.energy), "report": row.option.report.map { .string($0) } ?? .null,
      "recommendation": .string(recommendation),
    ]
    object.merge(costs(of: row)) { $1 }
    object.merge(gains(of: row)) { $1 }
    return .object(object)
  }

  private func costs(of row: CostComparison.Row) -> [String: ReportValue] {
    let costs = row.costs
    return [
      "costs": byKind { .rounded(costs[$0]) }, "total": .rounded(costs.total), "per_device": .rounded(costs.perDevice),
      "split": byKind { optional(costs.share(of: $0)) },
      "furthest_from_typical": costs.furthestFromTypical.map { .string($0.rawValue) } ?? .null,
    ]
  }

  private func gains(of row: CostComparison.Row) -> [String: ReportValue] {
    let returns = row.returns
    return [
      "benefits": .rounded(returns.benefits), "roi_percent": optional(returns.onInvestmentPercent),
      "payback_years": optional(returns.paybackYears), "net_present_value": .rounded(returns.netPresentValue),
      "score": .rounded(row.option.score), "score_unit": .string(usesScore ? "score" : "fps"),
      // Not rounded: in a currency of small units it may have many zeros.
      "score_per_cost": .double(row.efficiency),
    ]
  }

  private func optional(_ value: Double?) -> ReportValue { value.map { .rounded($0) } ?? .null }

  private func power(of energy: CostOption.Energy) -> ReportValue {
    let source: String, isEstimate: Bool?
    switch energy.source {
    case .stated: (source, isEstimate) = ("stated", nil)
    case .run(let description, let estimate): (source, isEstimate) = (description, estimate)
    }
    return .object([
      "mean_w": .rounded(energy.meanPowerW), "source": .string(source),
      "estimated": isEstimate.map { .bool($0) } ?? .null,
    ])
  }
}
