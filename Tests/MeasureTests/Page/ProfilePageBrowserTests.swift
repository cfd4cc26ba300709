import Foundation
@testable import Measure
import PipelineTestSupport
import Testing

@Suite("The profile's page in a browser", .serialized, .enabled(if: Browser.program != nil, "\(Browser.needs)"))
struct ProfilePageBrowserTests {
  /// All pages on a phone, a tablet and a desk, in the order of ``PageFixture/all``.
  private static let visit = Result {
    try Browser.visit(PageFixture.all.map { ProfilePage($0.content).html }, widths: widths)
  }
  private static let widths = [360, 768, 1280]

  @Test(
    "given any run, when shown at any width, then the page does not scroll sideways, no chart is empty, no error is logged"
  )
  func layout() throws {
    let visit = try Self.visit.get()
    #expect(visit.console.isEmpty, "\(visit.console)")
    #expect(visit.layouts.map { Int($0.width) } == PageFixture.all.flatMap { _ in Self.widths })
    for layout in visit.layouts {
      let name = "\(PageFixture.all[layout.page].name) at \(layout.width)"
      #expect(layout.contentWidth <= layout.width, "\(name): \(layout.contentWidth)")
      #expect(layout.emptyCharts.isEmpty, "\(name): \(layout.emptyCharts)")
      #expect(layout.background == "rgb(252, 252, 251)", "the light palette's background")
    }
  }

  @Test("given a run with everything, when shown, then all its charts are there")
  func charts() throws {
    let layout = try #require(try Self.visit.get().layouts.first { PageFixture.all[$0.page].name == "cameras" })
    #expect(
      layout.charts == [
        "Latency by stage, milliseconds", "Share of the time that workers are busy, by stage", "CPU time by part",
        "Energy by part", "delivered over time", "objects, late over time", "cameras, no-credit over time",
        "objects, overflow over time", "power over time", "memory over time", "scale over time", "objects over time",
        "faces over time", "tracks over time", "events over time",
      ])
  }

  @Test("given usual names, when shown at any width, then no text of a chart is cut off or covers another one")
  func texts() throws {
    for layout in try Self.visit.get().layouts where PageFixture.all[layout.page].name != "hostile" {
      #expect(layout.cutTexts.isEmpty, "\(layout.title) at \(layout.width): \(layout.cutTexts)")
      #expect(layout.coveredTexts.isEmpty, "\(layout.title) at \(layout.width): \(layout.coveredTexts)")
    }
  }

  @Test("given names that hold scripts, when shown, then nothing of them has run")
  func hostile() throws {
    // A script that the page's policy stopped would be on the console, which the first test finds empty.
    for layout in try Self.visit.get().layouts where PageFixture.all[layout.page].name == "hostile" {
      #expect(layout.title.hasPrefix("<script>document.title = 'owned'</script> "))
    }
  }

  @Test("given a dark system, when shown, then the page is dark")
  func dark() throws {
    let visit = try Browser.visit([ProfilePage(PageFixture.cameras).html], widths: [360], isDark: true)
    #expect(visit.layouts.map(\.background) == ["rgb(21, 24, 28)"], "the dark palette's background")
  }

  @Test("given pages that are wrong, when shown, then each fault is seen")
  func faults() throws {
    let wide = "<!DOCTYPE html><title>wide</title><div style='width: 500px'>x</div>"
    let chart = """
      <!DOCTYPE html><title>chart</title><div style='width: 50px; overflow: hidden'><svg role='img' height='0'>\
      <title>flat</title><text y='10'>a text</text><text y='11'>and another</text></svg></div><script>missing()</script>
      """
    let visit = try Browser.visit([wide, chart], widths: [360])
    #expect(visit.layouts.map { $0.contentWidth > $0.width } == [true, false])
    #expect(visit.layouts.map(\.emptyCharts) == [[], ["flat"]])
    #expect(visit.layouts.map(\.cutTexts) == [[], ["and another"]])
    #expect(visit.layouts.map(\.coveredTexts) == [[], ["flat: a text / and another"]])
    #expect(visit.console.count == 1)
    #expect(visit.console.allSatisfy { $0.contains("missing is not defined") })
  }
}
