import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Measure

@Suite("A cost file")
struct CostFileTests {
  private func file(_ options: String, head: String = #""currency": "EUR", "years": 3"#) -> String {
    #"{ "version": 1, \#(head), "options": [\#(options)] }"#
  }

  /// The issues of a file, as the terminal shows them.
  private func issues(_ text: String) -> [String] {
    do {
      _ = try CostFile.parse(text, name: "costs.json")
      return []
    } catch let errors as ConfigErrors {
      #expect(errors.exit == .dataError)
      return errors.issues.map(\.description)
    } catch {
      return ["\(error)"]
    }
  }

  private func report(power: String, fps: Double = 25.5) throws -> URL {
    let folder = try TestData.temporaryFolder("costs"), url = folder.appendingPathComponent("report.json")
    try #"{ "v": 1, "fps": \#(fps), "power": \#(power) }"#.write(to: url, atomically: true, encoding: .utf8)
    return url
  }

  @Test("Given the example, when read, then it holds the option that is worked out by hand")
  func example() throws {
    let file = try CostFile.parse(CostFile.example, name: "example")
    #expect(file.currency == "EUR" && file.years == 3 && file.discountRate == 0.08)
    var first = CostOption.byHand
    first.name = "jetson-orin-nano"
    #expect(file.options.first == first)
  }

  @Test("Given a file with the least that it needs, when read, then the rest costs nothing and a year has 8,760 hours")
  func defaults() throws {
    let text = file(#"{ "name": "a", "devices": 2, "fps": 5, "energy": { "meanPowerW": 3, "pricePerKWh": 1 } }"#)
    let file = try CostFile.parse(text, name: "costs.json")
    #expect(file.discountRate == 0)
    let costs = Costs(of: try #require(file.options.first), years: file.years)
    // 0.003 kW x 8,760 h x 2 devices x 3 years.
    #expect(abs(costs.total - 157.68) < 1e-9)
  }

  @Test("Given mistakes, when read, then each is told at its place, with the nearest key")
  func mistakes() {
    #expect(
      issues(
        """
        {
          "version": 1, "currency": "EUR", "years": 0,
          "options": [{ "name": "a", "devices": 1, "fsp": 3 }]
        }
        """) == [
          "costs.json:2:45: years: expected an integer in 1...50, found 0",
          "costs.json:3:44: options[0].fsp: unknown key; did you mean 'fps'?",
        ])
    let prices = #"{ "pricePerDevice": -1, "depreciationRate": 20 }"#
    #expect(issues(file(#"{ "name": "a", "devices": 1, "fps": 1, "hardware": \#(prices) }"#)).count == 2)
    #expect(issues("[]").first?.contains("expected an object, found a list") == true)
    #expect(issues("{").first?.contains("unexpected end of file") == true)
  }

  @Test("Given what no schema can say, when read, then it is told at its place")
  func meaning() {
    #expect(issues(file(#"{ "name": "a", "devices": 1 }"#)).first?.contains("missing key 'fps' or 'score'") == true)
    #expect(
      issues(file(#"{ "name": "a", "devices": 1, "fps": 1, "score": 1 }"#)).first?.contains("give only one of them")
        == true)
    #expect(
      issues(file(#"{ "name": "a", "devices": 1, "fps": 1 }, { "name": "a", "devices": 1, "fps": 1 }"#)).first?
        .contains("options[1].name: there is another option 'a'") == true)
    #expect(
      issues(file(#"{ "name": "a", "devices": 1, "fps": 1 }, { "name": "b", "devices": 1, "score": 1 }"#)).first?
        .contains("compared by 'score', but options[0] by 'fps'") == true)
    #expect(
      issues(file(#"{ "name": "a", "devices": 1, "fps": 1, "energy": { "pricePerKWh": 1 } }"#)).first?
        .contains("options[0].energy: missing key 'meanPowerW', or a report") == true)
    #expect(issues(file(#"{ "name": "a=b", "devices": 1, "fps": 1 }"#)).first?.contains("without '='") == true)
    #expect(issues(file(#"{ "name": "a\u001b[2J", "devices": 1, "fps": 1 }"#)).count == 1)
    #expect(
      issues(file(#"{ "name": "a", "devices": 1, "fps": 1 }"#, head: #""currency": "", "years": 1"#)).first?
        .contains("currency: expected 1 to 8 visible characters") == true)
  }

  @Test("Given a report, when read, then its power and speed replace those of the file, and an estimate stays one")
  func reports() throws {
    let url = try report(
      power: #"{ "method": "profile", "estimated": true, "mean_w": 4.25, "source": "estimated: desk, 3 W idle" }"#)
    defer { try? FileManager.default.removeItem(at: url.deletingLastPathComponent()) }
    let energy = #"{ "meanPowerW": 3, "pricePerKWh": 1 }"#
    let text = file(#"{ "name": "a", "devices": 4, "fps": 5, "energy": \#(energy), "report": "none.json" }"#)
    let option = try #require(try CostFile.parse(text, name: "c", reports: ["a": url.path]).options.first)
    #expect(option.energy.meanPowerW == 4.25)
    #expect(option.energy.source == .run(description: "estimated: desk, 3 W idle", isEstimate: true))
    #expect(option.performance == .framesPerSecond(25.5))
    #expect(option.score == 102)
    // A score is not what a run measures: it stays.
    let scored = file(#"{ "name": "a", "devices": 4, "score": 7, "energy": { "pricePerKWh": 1 } }"#)
    let other = try #require(try CostFile.parse(scored, name: "c", reports: ["a": url.path]).options.first)
    #expect(other.performance == .score(7) && other.energy.meanPowerW == 4.25)
  }

  @Test("Given a report without power, when read, then the file's power stays, and without one it is an error")
  func powerless() throws {
    let url = try report(power: #"{ "method": "none" }"#)
    defer { try? FileManager.default.removeItem(at: url.deletingLastPathComponent()) }
    let stated = file(#"{ "name": "a", "devices": 1, "energy": { "meanPowerW": 3, "pricePerKWh": 1 } }"#)
    let option = try #require(try CostFile.parse(stated, name: "c", reports: ["a": url.path]).options.first)
    #expect(option.energy.meanPowerW == 3 && option.energy.source == .stated)
    let silent = file(#"{ "name": "a", "devices": 1, "energy": { "pricePerKWh": 1 } }"#)
    #expect { try CostFile.parse(silent, name: "c", reports: ["a": url.path]) } throws: { error in
      (error as? PipelineError)?.exit == .dataError && "\(error)".contains("contains no power")
    }
  }

  @Test(
    "Given what is no report of a run with frames, when read, then it is bad data",
    arguments: [
      "", "{}", "[1]", #"{ "v": 2, "fps": 1, "power": { "method": "none" } }"#,
      #"{ "v": 1, "fps": 0, "power": { "method": "none" } }"#,
    ])
  func noReport(text: String) {
    #expect { try MeasuredRun.parse(text, file: "r.json") } throws: { ($0 as? PipelineError)?.exit == .dataError }
  }

  @Test("Given the schema, when the page of the documents is read, then it explains every key")
  func documented() throws {
    let page = try String(contentsOf: TestData.packageRoot.appendingPathComponent("docs/tco.md"), encoding: .utf8)
    func keys(_ schema: ObjectSchema, in path: String) -> [String] {
      schema.properties.flatMap { property -> [String] in
        let name = path + property.name
        return switch property.kind {
        case .object(let inner): keys(inner, in: name + ".")
        case .list(.object(let inner), _): keys(inner, in: "")
        default: [name]
        }
      }
    }
    let all = keys(CostSchema.file, in: "")
    #expect(all.contains("energy.pricePerKWh"))
    for key in all { #expect(page.contains("| `\(key)` |"), "docs/tco.md does not explain \(key)") }
  }
}
