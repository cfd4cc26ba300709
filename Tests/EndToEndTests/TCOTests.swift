import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: tco")
struct TCOTests {
  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private func options(_ text: String) throws -> [[String: Any]] {
    try #require(try object(text)["options"] as? [[String: Any]])
  }

  /// A workspace whose costs.json is the example, changed.
  private func workspace(_ change: (String) -> String = { $0 }) throws -> Workspace {
    let space = try Workspace()
    let example = try Command.run(["tco", "--example"])
    #expect(example.status == 0 && example.errors.isEmpty)
    try change(example.output).write(toFile: space.path("costs.json"), atomically: true, encoding: .utf8)
    return space
  }

  @Test("given the example, when compared, then the figures are those worked out by hand, best first")
  func example() throws {
    let space = try workspace()
    let result = try Command.run(["tco", "costs.json", "--json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let options = try options(result.output)
    // docs/tco.md works out the first. Per 1,000 EUR: 800 / 53.85, 480 / 65.14, 600 / 88.46.
    #expect(options.compactMap { $0["name"] as? String } == ["jetson-orin-nano", "raspberry-pi-5", "central-server"])
    let first = try #require(options.first)
    #expect(first["total"] as? Double == 53_846.8)
    #expect(first["net_present_value"] as? Double == 26_784.037)
    #expect(first["payback_years"] as? Double == 1.795)
    #expect((first["power"] as? [String: Any])?["source"] as? String == "stated")
    // 3 x 30,000 - 88,459.70 is positive, but not when later money is worth less.
    #expect((options[2]["roi_percent"] as? Double ?? 0) > 0 && (options[2]["net_present_value"] as? Double ?? 0) < 0)

    let table = try Command.run(["tco", "costs.json"], in: space.folder)
    #expect(table.status == 0)
    #expect(table.output.contains("1. jetson-orin-nano: Best performance per cost"))
    #expect(table.output.contains("operations, 20.1 points above"))
    #expect(table.output.contains("network, 47.9 points above"))
    let page = try String(contentsOf: TestData.packageRoot.appendingPathComponent("docs/tco.md"), encoding: .utf8)
    #expect(page.contains(table.output), "docs/tco.md shows another output")
  }

  @Test("given no benefits, or no costs, when compared, then payback is never or at once, and what is not is null")
  func extremes() throws {
    let space = try Workspace()
    try """
    {"version": 1, "currency": "EUR", "years": 2, "options": [
      {"name": "vain", "devices": 1, "score": 1, "hardware": {"pricePerDevice": 10}},
      {"name": "free", "devices": 1, "score": 1, "benefitsPerYear": 5}]}
    """.write(toFile: space.path("costs.json"), atomically: true, encoding: .utf8)
    let options = try options(Command.run(["tco", "costs.json", "--json"], in: space.folder).output)
    #expect(options[0]["name"] as? String == "free")
    #expect(options[0]["score_per_cost"] is NSNull && options[0]["roi_percent"] is NSNull)
    #expect(options[0]["payback_years"] as? Double == 0)
    #expect(options[1]["payback_years"] is NSNull)
    #expect(options[1]["roi_percent"] as? Double == -100)
    let table = try Command.run(["tco", "costs.json"], in: space.folder).output
    #expect(table.contains("never") && table.contains("free"))
  }

  @Test("given the report of a run, when compared, then power and speed are the run's, and so is how they are known")
  func report() throws {
    let space = try workspace()
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.synthetic", "config": { "live": false, "frames": 50, "fps": 1000 } },
      { "id": "out", "type": "sink.null", "after": ["in"] }
      """)
    #expect(try Command.run(["run", file, "--report", "report.json"], in: space.folder).status == 0)
    let report = try space.report(), fps = try #require(report["fps"] as? Double)
    let measured = try #require(report["power"] as? [String: Any])
    let result = try Command.run(
      ["tco", "costs.json", "--json", "--report", "central-server=report.json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let option = try #require(try options(result.output).first { $0["name"] as? String == "central-server" })
    #expect(abs((option["score"] as? Double ?? 0) - fps) < 0.001)
    let power = try #require(option["power"] as? [String: Any])
    #expect(power["mean_w"] as? Double == measured["mean_w"] as? Double)
    #expect(power["estimated"] as? Bool == measured["estimated"] as? Bool)
    let source = try #require(measured["source"] as? String)
    #expect(power["source"] as? String == source)
    #expect(
      try Command.run(["tco", "costs.json", "--report", "central-server=report.json"], in: space.folder).output
        .contains(" W, \(source)"))
  }

  @Test("given files and arguments that will not do, when compared, then the exit code and the message say so")
  func mistakes() throws {
    let space = try workspace { $0.replacing(#""fps": 40"#, with: #""fsp": 40"#) }
    let unknown = try Command.run(["tco", "costs.json"], in: space.folder)
    #expect(unknown.status == 65 && unknown.output.isEmpty)
    #expect(unknown.errors.contains("costs.json:16:7: options[0].fsp: unknown key; did you mean 'fps'?"))

    let good = try workspace()
    func run(_ arguments: String...) throws -> CommandResult { try Command.run(["tco"] + arguments, in: good.folder) }
    let missing = try run("none.json")
    #expect(missing.status == 66 && missing.errors.contains("none.json: cannot read the cost file"))
    let report = try run("costs.json", "--report", "central-server=none.json")
    #expect(report.status == 66 && report.errors.contains("cannot read the run report 'none.json'"))
    let other = try run("costs.json", "--report", "central-server=costs.json")
    #expect(other.status == 65 && other.errors.contains("'costs.json' is not a run report"))
    let option = try run("costs.json", "--report", "central-sever=costs.json")
    #expect(option.status == 64 && option.errors.contains("did you mean 'central-server'?"))
    #expect(try run().status == 64)
    #expect(try run("costs.json", "--example").status == 64)
    #expect(try run("costs.json", "--report", "central-server").status == 64)
    #expect(try run("costs.json", "--report", "a=1", "--report", "a=2").status == 64)
  }
}
