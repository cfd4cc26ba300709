import Foundation
import FoundationXML
import Testing

@testable import Measure

@Suite("The page of a profile")
struct ProfilePageTests {
  @Test(
    "given any run, when made into a page, then it is well-formed, needs nothing else, and every id is there once",
    arguments: PageFixture.all.map(\.name))
  func wellFormed(name: String) throws {
    let content = try #require(PageFixture.all.first { $0.name == name }).content
    let page = PageReader(ProfilePage(content).html)
    #expect(page.error == nil, "\(String(describing: page.error))")
    #expect(
      page.elements.isDisjoint(with: ["script", "link", "img", "iframe", "object", "embed", "base", "image", "use"]))
    #expect(page.attributes.isDisjoint(with: ["src", "href", "srcset", "action", "data"]))
    #expect(!page.attributes.contains { $0.hasPrefix("on") })
    #expect(!page.style.contains("url(") && !page.style.contains("@import"))
    #expect(Set(page.ids).count == page.ids.count)
    #expect(page.references.subtracting(page.ids).isEmpty, "titles and descriptions that charts refer to are there")
  }

  @Test("given a chart, when read out, then it has a title and a description with its figures")
  func described() {
    let page = PageReader(ProfilePage(PageFixture.cameras).html)
    #expect(page.text(id: "latency-chart-title") == "Latency by stage, milliseconds")
    #expect(
      page.text(id: "latency-chart-desc").contains(
        "objects: working p50 31.4, p95 44.8, p99 58.2, waiting p50 12.7, p95 71.0, p99 96.4."))
    #expect(page.text(id: "strip-delivered-desc") == "From 0 to 60.2 s: 45.8 frames/s on average, 40.5 to 49.8.")
    for part in ["-title", "-desc"] {
      #expect(page.references.count { $0.hasSuffix(part) } == page.count("svg", role: "img"), "\(part)")
    }
  }

  @Test("given the figures of a run, when made into a page, then they are there with their units")
  func figures() {
    let text = PageReader(ProfilePage(PageFixture.cameras).html).allText
    for expected in [
      "smart-camera", "60.2 s", "2026-01-12 09:30:04 UTC", "ONNX Runtime 1.31.1", "45.8 frames/s", "0.92 × real time",
      "2,757 frames", "of 2,950 admitted; 191 dropped, 2 in flight", "122 ms", "worst of 2 streams", "1.69 cores busy",
      "381 MB", "11.7 W", "estimated; 0.26 J/frame; 98 % of the 12 W budget", "budget 12 W",
      "132 late, 18 overflow", "objects is the bottleneck", "182 M", "front-door", "91 %", "perf_event_paranoid",
    ] { #expect(text.contains(expected), "\(expected)") }
  }

  @Test("given a run without drops and power, when made into a page, then it says so in words instead of empty charts")
  func words() {
    let page = PageReader(ProfilePage(PageFixture.file).html)
    #expect(page.allText.contains("No frame was dropped."))
    #expect(page.allText.contains("neither measured nor estimated"))
    #expect(page.allText.contains("no inference engine"))
    #expect(page.ids.contains("strip-memory-title"))
    #expect(!page.ids.contains("strip-power-title") && !page.ids.contains("strip-dropped-0-title"))
    #expect(!page.ids.contains("split-energy-title"))
    let empty = PageReader(ProfilePage(PageFixture.nothing).html)
    #expect(empty.count("svg", role: "img") == 0)
    for expected in [
      "No stage has processed a frame.", "The run ended before the second reading.", "No stream has started.",
    ] {
      #expect(empty.allText.contains(expected), "\(expected)")
    }
  }

  @Test("given names that hold markup, when made into a page, then they are read as they were written")
  func hostile() {
    let page = PageReader(ProfilePage(PageFixture.hostile).html)
    #expect(page.allText.contains("<script>document.title = 'owned'</script>"))
    #expect(page.allText.contains("\"><img src=x onerror=alert(1)>"))
    #expect(page.allText.contains("</title></svg></style>&amp;]]>\u{FFFD}\u{FFFD}[31m\u{FFFD}"))
  }

  @Test("given hours of readings, when made into a page, then the page stays small")
  func bounded() {
    // 500 points for each of 39 queues and 11 other lines, twice, at about 8 characters: 400 KB at the very most.
    #expect(ProfilePage(PageFixture.large).html.utf8.count < 500_000)
  }

  @Test("given stages, other and idle, when split, then CPU time adds up to all cores' and energy to all energy")
  func split() {
    for content in [PageFixture.cameras, PageFixture.file, PageFixture.large] {
      let parts = SplitSection(content: content).parts
      let cpu = parts.reduce(0) { $0 + $1.cpuS }
      let used = max(content.cpuS, content.stages.reduce(0) { $0 + $1.cpuS })
      #expect(abs(cpu - max(used, content.wallS * Double(content.cores))) < 1e-9)
      let energy = parts.reduce(0) { $0 + $1.energyJ }
      let stages = content.stages.reduce(0) { $0 + ($1.energyJ ?? 0) }
      #expect(abs(energy - stages - (content.power?.otherJ ?? 0) - (content.power?.idleJ ?? 0)) < 1e-9)
    }
    #expect(
      SplitSection(content: PageFixture.cameras).parts.map(\.label)
        == ["cameras", "scale", "objects", "faces", "tracks", "events", "other", "idle"])
    // Seven colours: six stages and the rest of them.
    let large = SplitSection(content: PageFixture.large).parts
    #expect(large.map(\.label).suffix(3) == ["34 more stages", "other", "idle"])
    #expect(large.count == 9)
  }
}
