@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Measure

@Suite("Charts")
struct ChartTests {
  @Test("given points, when drawn straight, then the line goes through them, and level stretches need two points")
  func straight() {
    let points: [LinePath.Point] = [(0, 5), (1, 5), (2, 5), (3, 2), (4, 2)].map { .init(x: $0.0, y: $0.1) }
    let path = LinePath(points, shape: .straight, base: 10)
    #expect(path.line == "M0 5H2L3 2H4")
    #expect(path.area == "M0 5H2L3 2H4V10H0Z")
  }

  @Test("given rates, when drawn as steps, then each holds since the point before it")
  func steps() {
    let points: [LinePath.Point] = [(1, 5), (2, 5), (3, 2)].map { .init(x: $0.0, y: $0.1) }
    #expect(LinePath(points, shape: .steps(from: 0), base: 10).line == "M0 5H2V2H3")
  }

  @Test("given points without a value, when drawn, then the line is interrupted")
  func gaps() {
    let points: [LinePath.Point] = [
      .init(x: 0, y: nil), .init(x: 1, y: 5), .init(x: 2, y: 4), .init(x: 3, y: .nan), .init(x: 4, y: 3),
      .init(x: 5, y: nil),
    ]
    #expect(LinePath(points, shape: .straight, base: 10).line == "M1 5L2 4M4 3h0")
    #expect(LinePath(points, shape: .steps(from: 0), base: 10).line == "M0 5H1V4H2M3 3H4")
    #expect(LinePath([], shape: .straight, base: 10).line.isEmpty)
  }

  @Test("given labels that would cover each other, when spread, then they are apart, in order, and within the bounds")
  func spread() {
    #expect(LineChart.spread([10, 12, 50], apart: 14, within: 0...100) == [10, 24, 50])
    #expect(LineChart.spread([90, 95, 99], apart: 14, within: 0...100) == [72, 86, 100])
    #expect(LineChart.spread([], apart: 14, within: 0...100).isEmpty)
  }

  @Test("given several lines, when drawn, then each is named at its end, in its colour; one line needs no name")
  func names() {
    func chart(_ names: [String]) -> String {
      LineChart(
        id: "pr", title: "Precision over recall", description: "",
        series: names.map { name in
          .init(name: name, points: [.init(x: 0, y: 1), .init(x: 1, y: 0.5)])
        }, shape: .steps, xTicks: .nice(0...1, about: 5), xDomain: 0...1, yTicks: .nice(0...1, about: 5), height: 200
      ).markup.text
    }
    let two = chart(["float32", "<int8>"])
    #expect(two.contains(#"class="series-label s0" x="100%" dx="6""#))
    #expect(two.contains(">float32</text>"))
    #expect(two.contains(">&lt;int8&gt;</text>"))
    #expect(!two.contains("class=\"area"))
    let one = chart(["float32"])
    #expect(!one.contains("series-label"))
    #expect(one.contains("class=\"area s0\""))
  }

  @Test("given levels, when drawn as a bar, then their lengths are in proportion to the scale's")
  func bars() {
    let chart = BarChart(
      id: "b", title: "t", description: "d", columns: ["p50", "p99"],
      rows: [.init(label: "a", bars: [.init(levels: [25, 50], color: .series(1), values: ["25", "50"])])],
      ticks: .nice(0...100, about: 4)
    ).markup.text
    #expect(chart.contains(#"<rect class="bar s1" x="0" y="33" width="25%" height="9"/>"#))
    #expect(chart.contains(#"<rect class="bar s1 tint1" x="0" y="33" width="50%" height="9"/>"#))
  }

  @Test("given parts, when stacked, then each begins where the one before it ends, and what is nothing is left out")
  func stacked() {
    let chart = StackedBar(
      id: "s", title: "t", description: "d",
      parts: [
        .init(label: "a", value: 1, color: .series(0)), .init(label: "b", value: 0, color: .series(1)),
        .init(label: "c", value: .nan, color: .series(2)), .init(label: "d", value: 3, color: .idle),
      ]
    ).markup.text
    #expect(chart.contains(#"<rect class="s0" x="0%" y="0" width="25%""#))
    #expect(chart.contains(#"<rect class="idle" x="25%" y="0" width="75%""#))
    #expect(!chart.contains("class=\"s1\"") && !chart.contains("class=\"s2\""))
  }

  @Test("given any values, when made into percentages, then they add up to 100.0, and none is further off than a tenth")
  func shares() {
    var random = SplitMix64(seed: 3)
    for _ in 0..<500 {
      let values = (0..<Int.random(in: 1...20, using: &random)).map { _ in Double.random(in: 0...1, using: &random) }
      let tenths = Shares.tenths(values)
      let whole = values.reduce(0, +)
      #expect(tenths.reduce(0, +) == 1000)
      for (value, tenth) in zip(values, tenths) { #expect(abs(value / whole * 1000 - Double(tenth)) < 1) }
    }
    #expect(Shares.tenths([1, 1, 1]) == [334, 333, 333])
    #expect(Shares.tenths([2, 0, .nan, -1]) == [1000, 0, 0, 0])
    #expect(Shares.tenths([0, 0]) == [0, 0])
    #expect(Shares.tenths([]).isEmpty)
    #expect(Shares.text(5) == "0.5 %" && Shares.text(1000) == "100.0 %")
  }
}
