package import EdgepipeCore

/// Fits a ``DeviceProfile`` to what a wattmeter showed: ordinary least squares of watts over busy cores.
package struct ProfileFit: Sendable {
  package struct Reading: Sendable, Hashable {
    var busyCores: Double
    var watts: Double

    init(busyCores: Double, watts: Double) {
      self.busyCores = busyCores
      self.watts = watts
    }
  }

  let idleW: Double
  let wattsPerBusyCore: Double
  /// Root of the mean squared difference between readings and line, in watts.
  let residualW: Double
  package let readings: Int

  /// slope = sum((x - mean x)(y - mean y)) / sum((x - mean x)^2), intercept = mean y - slope x mean x.
  ///
  /// - Throws: ``PipelineError`` with `malformed` where the readings make no line, or one that no machine has.
  package init(_ readings: [Reading]) throws(PipelineError) {
    let count = Double(readings.count)
    guard readings.count >= 2 else {
      throw PipelineError(
        "a profile needs at least 2 readings, found \(readings.count)", remedy: "measure idle and with every core busy",
        code: .malformed)
    }
    let meanX = readings.reduce(0) { $0 + $1.busyCores } / count
    let meanY = readings.reduce(0) { $0 + $1.watts } / count
    let spread = readings.reduce(0) { $0 + ($1.busyCores - meanX) * ($1.busyCores - meanX) }
    let product = readings.reduce(0) { $0 + ($1.busyCores - meanX) * ($1.watts - meanY) }
    guard spread > 1e-9 else {
      throw PipelineError(
        "all readings have the same number of busy cores", remedy: "measure idle and with every core busy",
        code: .malformed)
    }
    let slope = product / spread
    let intercept = meanY - slope * meanX
    guard slope >= 0, intercept >= 0, slope.isFinite, intercept.isFinite else {
      throw PipelineError(
        "the readings give an implausible line: \(intercept) W idle and \(slope) W per busy core",
        remedy: "check that the columns are busy_cores and watts, and measure each load for a minute", code: .malformed)
    }
    idleW = intercept
    wattsPerBusyCore = slope
    let squares = readings.reduce(0.0) { sum, reading in
      let difference = reading.watts - (intercept + slope * reading.busyCores)
      return sum + difference * difference
    }
    residualW = (squares / count).squareRoot()
    self.readings = readings.count
  }

  /// Readings from text with a header line that names the columns `busy_cores` and `watts`, in any order.
  ///
  /// - Throws: ``PipelineError`` with `malformed` that names the line.
  package static func readings(csv text: String, file: String) throws(PipelineError) -> [Reading] {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
      .map { (number: $0.offset + 1, text: $0.element.filter { $0 != " " && $0 != "\t" && $0 != "\u{FEFF}" }) }
      .filter { !$0.text.isEmpty && !$0.text.hasPrefix("#") }
    let header = lines.first?.text.lowercased().split(separator: ",", omittingEmptySubsequences: false) ?? []
    guard let cores = header.firstIndex(of: "busy_cores"), let watts = header.firstIndex(of: "watts") else {
      throw PipelineError(
        "'\(file)' does not begin with a line that names the columns busy_cores and watts",
        remedy: "write 'busy_cores,watts' as the first line", code: .malformed)
    }
    var readings: [Reading] = []
    for line in lines.dropFirst() {
      let cells = line.text.split(separator: ",", omittingEmptySubsequences: false)
      guard cells.count > max(cores, watts), let x = Double(cells[cores]), let y = Double(cells[watts]), x.isFinite,
        y.isFinite, x >= 0, y >= 0
      else {
        throw PipelineError(
          "'\(file)', line \(line.number): \(Quoted.text(line.text)) are not two numbers of 0 or more", code: .malformed
        )
      }
      readings.append(Reading(busyCores: x, watts: y))
    }
    return readings
  }

  package func profile(name: String, source: String) -> DeviceProfile {
    func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
    return DeviceProfile(
      name: name, idleW: rounded(idleW), wattsPerBusyCore: rounded(wattsPerBusyCore),
      method: "least squares of \(readings) readings in \(source)", residualW: rounded(residualW))
  }
}
