import Testing

@testable import EdgepipeCore

@Suite("Numbers as people read them")
struct FigureTests {
  @Test(
    "given a value, when written, then it has three digits, or all before the point",
    arguments: [
      (0.0, "0"), (0.0123, "0.012"), (0.0996, "0.10"), (0.31, "0.31"), (1, "1.00"), (9.994, "9.99"), (9.996, "10.0"),
      (48.06, "48.1"), (99.96, "100"), (1250, "1,250"), (1_234_567.8, "1,234,568"), (-3.14159, "-3.14"),
      (0.0004, "<0.001"), (-0.0001, "0"),
    ])
  func text(value: Double, expected: String) { #expect(Figure.text(value) == expected) }

  @Test("given fewer digits after the point, when written, then what rounds to nothing is still something")
  func finest() {
    #expect(Figure.text(0.026, finest: 2) == "0.03")
    #expect(Figure.text(0.004, finest: 2) == "<0.01")
    #expect(Figure.text(0, finest: 2) == "0")
  }

  @Test("given what is no number, or no quantity, when written, then it is a dash")
  func none() {
    for value in [Double.nan, .infinity, -.infinity, 1e300] {
      #expect(Figure.text(value) == "–")
      #expect(Figure.duration(value) == "–")
    }
    #expect(Figure.percent(.nan) == "–")
    #expect(Figure.scaled(.nan) == "–")
  }

  @Test(
    "given a setting, when written, then without zeros at the end",
    arguments: [
      (12.0, "12"), (12.5, "12.5"), (7.50, "7.5"), (100, "100"), (0.25, "0.25"), (0, "0"),
    ])
  func setting(value: Double, expected: String) { #expect(Figure.setting(value) == expected) }

  @Test(
    "given a share, when written, then a little is not nothing, and almost all is not all",
    arguments: [
      (0.0, "0 %"), (0.004, "<1 %"), (0.005, "1 %"), (0.874, "87 %"), (0.994, "99 %"), (0.996, ">99 %"), (1, "100 %"),
    ])
  func percent(share: Double, expected: String) { #expect(Figure.percent(share) == expected) }

  @Test(
    "given large numbers, when scaled, then with the prefix of SI that leaves at most three digits",
    arguments: [
      (950.0, "950"), (999.6, "1.00 k"), (12_400, "12.4 k"), (182_400_000, "182 M"), (5e9, "5.00 G"), (2e12, "2.00 T"),
    ])
  func scaled(value: Double, expected: String) { #expect(Figure.scaled(value) == expected) }

  @Test(
    "given seconds, when written as a duration, then in units that fit",
    arguments: [
      (0.5, "0.50 s"), (60.2, "60.2 s"), (119.4, "119 s"), (119.6, "2 min 00 s"), (200, "3 min 20 s"),
      (3599.6, "1 h 00 min"),
      (7500, "2 h 05 min"),
    ])
  func duration(seconds: Double, expected: String) { #expect(Figure.duration(seconds) == expected) }

  @Test(
    "given a coordinate, when written, then to a hundredth, without an exponent",
    arguments: [
      (0.0, "0"), (12, "12"), (0.5, "0.5"), (0.05, "0.05"), (3.14159, "3.14"), (-0.25, "-0.25"), (-0.001, "0"),
      (1e6, "1000000"), (.nan, "0"), (.infinity, "0"),
    ])
  func coordinate(value: Double, expected: String) { #expect(Figure.coordinate(value) == expected) }

  @Test("given a long text, when clipped, then it ends with an ellipsis and keeps whole characters")
  func clipped() {
    #expect(Figure.clipped("objects", 7) == "objects")
    #expect(Figure.clipped("objects", 6) == "objec…")
    #expect(Figure.clipped("👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 2) == "👩‍👩‍👧‍👦…")
  }
}
