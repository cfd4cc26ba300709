import EdgepipeCore
import EdgepipeService

/// What `edgepipe doctor` says, as text and as JSON.
struct Diagnosis {
  enum Subject {
    case report(String, RunView)
    case run(RunView)
    case machine(MachineView)
  }

  let subject: Subject
  let findings: [DoctorFinding]

  // MARK: - For people

  var text: String {
    var parts: [String] = []
    if case .machine(let machine) = subject { parts.append(Self.table(machine)) }
    parts.append(findings.isEmpty ? "nothing found: \(healthy)" : headline)
    parts += findings.enumerated().map { Self.text($1, rank: $0 + 1) }
    return parts.joined(separator: "\n\n")
  }

  private var healthy: String {
    switch subject {
    case .report, .run: "the run keeps up with its sources, within its limits"
    case .machine: "the machine has what pipelines need"
    }
  }

  private var headline: String {
    let count = findings.count == 1 ? "1 likely cause" : "\(findings.count) likely causes"
    return findings.count == 1 ? count : "\(count), the most likely first"
  }

  private static func table(_ machine: MachineView) -> String {
    var table = Table(alignment: [.left, .left])
    for check in machine.checks { table.add([check.name, check.text]) }
    return table.text
  }

  private static func text(_ finding: DoctorFinding, rank: Int) -> String {
    var table = Table(alignment: [.left, .left])
    for (index, figure) in finding.figures.enumerated() { table.add([index == 0 ? "   figures" : "", figure.text]) }
    var lines = ["\(rank). \(finding.symptom.rawValue): \(finding.summary)  [\(finding.cause.rawValue)]", table.text]
    for (index, remedy) in finding.remedies.enumerated() {
      lines.append("   \(index == 0 ? "try" : "or ")      \(remedy.what)")
      // On a line of its own and never wrapped, so that it can be copied.
      if let command = remedy.command { lines.append("            $ \(command)") }
    }
    return lines.joined(separator: "\n")
  }

  // MARK: - For programs

  var value: ReportValue {
    var object: [String: ReportValue] = [
      "v": .int(1), "healthy": .bool(findings.isEmpty),
      "findings": .list(findings.enumerated().map { $1.value(rank: $0 + 1) }),
    ]
    switch subject {
    case .report(let file, let run):
      object["subject"] = .string("report")
      object["report"] = .string(file)
      object["pipeline"] = .string(run.pipeline)
    case .run(let run):
      object["subject"] = .string("run")
      object["pipeline"] = .string(run.pipeline)
    case .machine(let machine):
      object["subject"] = .string("machine")
      object["checks"] = .list(
        machine.checks.map { .object(["name": .string($0.name), "text": .string($0.text)]) })
    }
    return .object(object)
  }
}
