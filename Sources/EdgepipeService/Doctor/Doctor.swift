/// Finds out why a pipeline does not do what it should, from the figures of its run.
package enum Doctor {
  /// What explains less is an accident.
  static let leastWeight = 0.01

  /// Every rule looks at every run.
  static let rules: [any DoctorRule] = [
    SlownessRule(), DroppingQueueRule(), MemoryRule(), ScoreRule(), NotFiniteRule(), PowerRule(), StreamRule(),
    PacketRule(), ReceiverRule(), InputRule(), FailingStageRule(), WriteRule(), FailedRunRule(),
  ]

  /// The likely causes, the most likely first; none for a healthy run.
  package static func findings(_ consultation: Consultation) -> [DoctorFinding] {
    ranked(rules.flatMap { $0.findings(consultation) })
  }

  static func ranked(_ findings: [DoctorFinding]) -> [DoctorFinding] {
    findings.filter { $0.weight >= leastWeight }.enumerated()
      // Of equal weight the earlier rule goes first.
      .sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }.map(\.element)
  }
}

/// Knows one symptom and its causes.
protocol DoctorRule: Sendable {
  /// What speaks for its causes; nothing where all is well.
  func findings(_ consultation: Consultation) -> [DoctorFinding]
}
