import EdgepipeCore

/// A cost file that has been read and checked.
package struct CostFile: Sendable {
  let currency: String
  let years: Int
  let discountRate: Double
  /// In the order of the file; at least one.
  let options: [CostOption]

  /// - Parameter reports: the run report of an option by the option's name, in place of the one that the file names.
  /// - Throws: `ConfigErrors` with everything that is wrong with the file (`malformed`; `notFound` when it cannot be
  ///   read); `PipelineError` for a report that cannot be used, and with `invalidArgument` for a report of an option
  ///   that is not there.
  package static func load(_ name: String, reports: [String: String] = [:]) throws -> CostFile {
    try CostFile(CheckedFile(reading: name, kind: "cost file", schema: CostSchema.file), reports: reports)
  }

  /// As `load`, from a text; `name` is what errors call it.
  static func parse(_ text: String, name: String, reports: [String: String] = [:]) throws -> CostFile {
    try CostFile(CheckedFile(text: text, name: name, schema: CostSchema.file), reports: reports)
  }

  private init(_ file: CheckedFile, reports: [String: String]) throws {
    let nodes = file.root["options"]?.elements ?? []
    let names = nodes.map { $0["name"]?.string ?? "" }
    let issues = CostFileCheck(file: file, reports: reports).issues
    if !issues.isEmpty { throw ConfigErrors(issues: issues) }
    for name in reports.keys.sorted() where !names.contains(name) {
      let nearest = NearestName.suggestion(for: name, among: names).map { "did you mean '\($0)'? " } ?? ""
      throw PipelineError(
        "--report: '\(file.name)' has no option '\(name)'",
        remedy: nearest + "options: " + names.prefix(20).joined(separator: ", "), code: .invalidArgument)
    }
    currency = file.root["currency"]?.string ?? ""
    years = file.root["years"]?.integer ?? 1
    discountRate = file.root["discountRate"]?.number ?? 0
    options = try zip(nodes, names).map { node, name in
      try CostOption(node, name: name, report: reports[name] ?? node["report"]?.string)
    }
  }

  package var comparison: CostComparison {
    CostComparison(of: options, currency: currency, years: years, discountRate: discountRate)
  }
}

extension CostOption {
  /// Takes the values out of an option in which nothing is wrong, and power and speed out of the report.
  fileprivate init(_ node: JSONNode, name: String, report: String?) throws {
    func number(_ part: String, _ key: String, default: Double = 0) -> Double { node[part]?[key]?.number ?? `default` }
    let run: MeasuredRun? = if let report { try MeasuredRun.load(report) } else { nil }
    let performance: Performance
    if let score = node["score"]?.number {
      performance = .score(score)
    } else if let rate = run?.rate ?? node["fps"]?.number {
      performance = .framesPerSecond(rate)
    } else {
      throw PipelineError("option '\(name)' has no performance", remedy: "give it 'fps' or 'score'", code: .malformed)
    }
    self.init(name: name, devices: node["devices"]?.integer ?? 1, performance: performance)
    hardware = Hardware(
      pricePerDevice: number("hardware", "pricePerDevice"), depreciationRate: number("hardware", "depreciationRate"))
    development = Development(
      hours: number("development", "hours"), ratePerHour: number("development", "ratePerHour"),
      tools: number("development", "tools"))
    operations = Operations(
      hoursPerMonth: number("operations", "hoursPerMonth"), ratePerHour: number("operations", "ratePerHour"))
    energy = Energy(
      meanPowerW: number("energy", "meanPowerW"),
      hoursPerYear: number("energy", "hoursPerYear", default: Energy.allYear),
      pricePerKWh: number("energy", "pricePerKWh"))
    network = Network(gbPerMonth: number("network", "gbPerMonth"), pricePerGB: number("network", "pricePerGB"))
    benefitsPerYear = node["benefitsPerYear"]?.number ?? 0
    self.report = report
    if let power = run?.power {
      energy.meanPowerW = power.meanW
      energy.source = .run(description: power.source, isEstimate: power.isEstimate)
    } else if let report, node["energy"] != nil, node["energy"]?["meanPowerW"] == nil {
      throw PipelineError(
        "option '\(name)': the report '\(report)' contains no power", remedy: "give the option's energy a 'meanPowerW'",
        code: .malformed)
    }
  }
}
