/// The run holds nearly all the memory that it may hold.
struct MemoryRule: DoctorRule {
  /// As `serve` has it: above this a pipeline is in danger.
  static let limitShare = 0.85
  /// A queue that held so many pictures holds most of the memory: one of 1080p has 3 MB.
  static let manyWaiting = 32

  /// What was held, and what may be held.
  private struct Limit {
    let heldMB: Double
    let limitMB: Double
    /// What was held, then who set the limit, as the two halves of sentences.
    let held: String
    let whose: String
    var isBudget = false

    var share: Double { heldMB / limitMB }
  }

  /// The limit that is nearest, if it is near.
  private func limit(of run: RunView) -> Limit? {
    var limits: [Limit] = []
    if let limit = run.memoryLimitMB, limit > 0 {
      limits.append(
        Limit(
          heldMB: run.peakMB, limitMB: limit, held: "the run held up to",
          whose: run.isMemoryLimitOfGroup ? "its control group allows" : "the machine has"))
    }
    if let budget = run.memoryBudgetMB, budget > 0 {
      // As `serve` counts: what the system cannot take back.
      let held = max(0, run.peakMB - (run.fileMB ?? 0))
      limits.append(
        Limit(
          heldMB: held, limitMB: budget, held: "without pages of files the run held up to",
          whose: "'budget.memoryMB' allows", isBudget: true))
    }
    return limits.filter { $0.share >= Self.limitShare }.max { $0.share < $1.share }
  }

  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    let run = consultation.run
    guard let limit = limit(of: run) else { return [] }
    let share = limit.share
    let figures: [DoctorFinding.Figure] = [
      .init("peak_mb", limit.heldMB, "\(limit.held) \(Words.megabytes(limit.heldMB))"),
      .init(
        "limit_mb", limit.limitMB, "\(limit.whose) \(Words.megabytes(limit.limitMB)): \(Words.percent(share)) of it"),
    ]
    let fullest = run.stages.filter { $0.role != .source }.max { $0.queueHighest < $1.queueHighest }
    let heaviest = run.stages.filter { $0.model != nil }.max { $0.workers < $1.workers }
    if let fullest, fullest.queueHighest >= Self.manyWaiting {
      return [queues(fullest, share, figures, consultation)]
    }
    if let heaviest, heaviest.workers > 1 { return [sessions(heaviest, share, figures, consultation)] }
    return [
      DoctorFinding(
        .memory, .smallMemory, weight: share, "the pipeline needs nearly all the memory that it may have",
        figures: figures,
        remedies: (limit.isBudget
          ? [.init("raise 'budget.memoryMB' in the pipeline file, if the machine has more")] : [])
          + [
            .init("see what holds it over the run", consultation.commands.profile),
            .init("compress the model to the memory that there is", "edgepipe devices"),
          ])
    ]
  }

  private func sessions(
    _ stage: StageView, _ share: Double, _ figures: [DoctorFinding.Figure], _ consultation: Consultation
  ) -> DoctorFinding {
    DoctorFinding(
      .memory, .manySessions, subject: stage.id, weight: share,
      "each of the \(stage.workers) workers of \(stage.name) has a session of its model in memory",
      figures: figures + [
        .init(
          "workers", Double(stage.workers),
          "\(Words.plain(stage.id)) has \(stage.workers) workers on \(Words.cores(consultation.run.cores))")
      ],
      remedies: [
        .init("one session", consultation.commands.set(stage.id, "workers", "1")),
        .init(
          "one session with several threads", consultation.commands.set(stage.id, "threads", "\(min(stage.workers, 8))")
        ),
      ])
  }

  private func queues(
    _ stage: StageView, _ share: Double, _ figures: [DoctorFinding.Figure], _ consultation: Consultation
  ) -> DoctorFinding {
    DoctorFinding(
      .memory, .longQueues, subject: stage.id, weight: share, "pictures fill the queue of \(stage.name)",
      figures: figures + [
        .init("queue_highest", Double(stage.queueHighest), "up to \(stage.queueHighest) pictures waited in it")
      ],
      remedies: [.init("a shorter queue", consultation.commands.set(stage.id, "queue", "{\"capacity\":4}"))])
  }
}
