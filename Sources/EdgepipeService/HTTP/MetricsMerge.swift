/// Makes one page for Prometheus of those of several runs: the samples of a metric stand together, each with the label of
/// its pipeline.
struct MetricsMerge {
  private struct Family {
    /// `# HELP` and `# TYPE`.
    var head: [Substring]
    var samples: [String] = []
  }

  private var families: [Family] = []
  private var places: [Substring: Int] = [:]

  /// A metric of the service itself.
  ///
  /// - Parameter samples: labels and values.
  mutating func add(_ name: String, _ type: String, _ help: String, _ samples: () -> [(labels: String, value: Int)]) {
    let samples = samples().map { "\(name){\($0.labels)} \($0.value)" }
    families.append(Family(head: ["# HELP \(name) \(help)", "# TYPE \(name) \(type)"], samples: samples))
  }

  /// The page of a run.
  ///
  /// - Parameter pipeline: of plain letters, as names of pipelines are.
  mutating func add(page: String, of pipeline: String) {
    var current: Int?
    for line in page.split(separator: "\n") {
      if line.hasPrefix("#") {
        let words = line.split(separator: " ", maxSplits: 3)
        guard words.count >= 3 else { continue }
        let name = words[2]
        if let place = places[name] {
          current = place
        } else {
          places[name] = families.count
          current = families.count
          families.append(Family(head: []))
        }
        if let current, !families[current].head.contains(where: { $0.hasPrefix("\(words[0]) \(words[1]) ") }) {
          families[current].head.append(line)
        }
      } else if let current {
        families[current].samples.append(Self.labelled(line, pipeline))
      }
    }
  }

  /// `name{a="b"} 1` and `name 1` with one more label, which goes first.
  private static func labelled(_ line: Substring, _ pipeline: String) -> String {
    let label = "pipeline=\"\(pipeline)\""
    guard let end = line.firstIndex(where: { $0 == "{" || $0 == " " }) else { return String(line) }
    let name = line[..<end], rest = line[line.index(after: end)...]
    if line[end] == " " { return "\(name){\(label)} \(rest)" }
    if rest.hasPrefix("}") { return "\(name){\(label)\(rest)" }
    // As Prometheus names a label whose name it needs itself.
    return "\(name){\(label)," + (rest.hasPrefix("pipeline=\"") ? "exported_" : "") + rest
  }

  var text: String {
    var text = ""
    for family in families where !family.samples.isEmpty {
      for line in family.head { text += line + "\n" }
      for sample in family.samples { text += sample + "\n" }
    }
    return text
  }
}
