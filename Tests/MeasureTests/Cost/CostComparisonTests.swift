import Testing

@testable import Measure

@Suite("A comparison of costs")
struct CostComparisonTests {
  /// An option that costs `price` once, and nothing else.
  private func option(_ name: String, price: Double, score: Double, benefits: Double = 0) -> CostOption {
    var option = CostOption(name: name, devices: 1, performance: .score(score))
    option.hardware.pricePerDevice = price
    option.benefitsPerYear = benefits
    return option
  }

  private func compare(_ options: CostOption..., years: Int = 3, rate: Double = 0) -> CostComparison {
    CostComparison(of: options, currency: "EUR", years: years, discountRate: rate)
  }

  @Test("Given options, when compared, then the best score for the money is first, then the cheaper, then the earlier")
  func order() {
    let comparison = compare(
      option("slow", price: 100, score: 10), option("twice", price: 400, score: 80),
      option("late", price: 200, score: 40), option("fast", price: 300, score: 90),
      option("early", price: 200, score: 40))
    // 0.1, 0.2, 0.2, 0.3, 0.2 for the money.
    #expect(comparison.rows.map(\.option.name) == ["fast", "late", "early", "twice", "slow"])
    #expect(abs(comparison.rows[0].efficiency - 0.3) < 1e-12)
  }

  @Test("Given frames a second of one device, when scored, then those of all devices count")
  func devices() {
    #expect(CostOption.byHand.score == 800)
    #expect(abs(compare(.byHand).rows[0].efficiency - 800 / 53_846.8) < 1e-9)
  }

  @Test("Given an option that costs nothing, when compared, then it is first and beyond all measure")
  func free() {
    let comparison = compare(option("paid", price: 1, score: 1000), option("free", price: 0, score: 1))
    #expect(comparison.rows.map(\.option.name) == ["free", "paid"])
    #expect(comparison.rows[0].efficiency == .infinity)
    #expect(comparison.recommendations[1].hasPrefix("Less performance per cost"))
  }

  @Test("Given options that pay, when recommended, then the first is chosen, others only for what they do better")
  func recommends() {
    let comparison = compare(
      option("good", price: 1000, score: 100, benefits: 500), option("big", price: 4000, score: 200, benefits: 2000),
      option("small", price: 500, score: 40, benefits: 200), option("bad", price: 1000, score: 10, benefits: 400))
    // Per 1,000: 100, 50, 80, 10. Net present value over three years: 500, 2,000, 100, 200.
    #expect(comparison.rows.map(\.option.name) == ["good", "small", "big", "bad"])
    #expect(
      comparison.recommendations == [
        "Best performance per cost, 1.25 x small: choose it; it pays back in 2 years.",
        "20 % less performance per cost; choose it only where the budget is below the 1,000 EUR of good.",
        "50 % less performance per cost; choose it only where more performance than that of good is needed, or "
          + "for a net present value that is 1,500 EUR higher.",
        "90 % less performance per cost; no reason to choose it: its cost is not lower, and its performance and "
          + "return are not better.",
      ])
  }

  @Test("Given options that do not pay, when recommended, then each sentence says so")
  func warns() {
    func sentence(benefits: Double, rate: Double = 0) -> String {
      compare(option("only", price: 3000, score: 1, benefits: benefits), rate: rate).recommendations[0]
    }
    // 3,000 / 800; 3,000 / 1,100, and 1,100 x (1/1.1 + 1/1.21 + 1/1.331) = 2,735.54, which is 264.46 short.
    #expect(
      sentence(benefits: 800)
        == "The only option, but not worth its cost: it pays back in 3.8 years, after the period of 3 years.")
    #expect(
      sentence(benefits: 1100, rate: 0.1)
        == "The only option, but not worth its cost: it pays back in 2.7 years, but discounted at 10 % it loses 264 "
        + "EUR.")
    #expect(
      sentence(benefits: 0)
        == "The only option: choose it if it is worth its cost; no benefits are stated, so the return cannot be computed."
    )
    var dear = option("dear", price: 10, score: 1, benefits: 100)
    dear.operations = .init(hoursPerMonth: 1, ratePerHour: 20)
    #expect(
      compare(option("fine", price: 10, score: 1, benefits: 10), dear).recommendations[1].hasSuffix(
        "; it never pays back: the yearly benefits do not exceed the yearly costs."))
  }

  @Test("Given amounts, when written, then thousands are grouped and what rounds to nothing has no sign")
  func amounts() {
    #expect(Amount(digits: 2).text(1_234_567.891) == "1,234,567.89")
    #expect(Amount(digits: 0).text(-999.6) == "-1,000")
    #expect(Amount(digits: 0).text(-0.4) == "0")
    #expect(Amount(digits: 1).text(-0.05) == "-0.1")
    #expect(Amount(digits: 0).text(123) == "123")
    #expect(Amount.years(1) == "1 year")
    #expect(Amount.years(3) == "3 years")
    #expect(Amount.years(1.795) == "1.8 years")
    #expect(Amount.percent(0.075) == "7.5 %")
    #expect(Amount.percent(0.08) == "8 %")
  }
}
