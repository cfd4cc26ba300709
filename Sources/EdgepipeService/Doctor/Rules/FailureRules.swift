/// Inputs that are damaged themselves.
struct InputRule: DoctorRule {
  static let damagedShare = 0.01
  private static let counters = [
    "unreadable_pictures", "unreadable_videos", "read_errors", "damaged_packets", "damaged_frames",
  ]

  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    consultation.run.stages.filter { $0.role == .source }.compactMap { stage in
      // Where packets are lost, pictures are damaged on their way.
      let isLossy = (stage.counters["lost_packets"] ?? 0) > 0
      let counts = Self.counters.compactMap { name -> (name: String, count: Int)? in
        guard let count = stage.counters[name], count > 0, !isLossy || name.hasPrefix("unreadable") else { return nil }
        return (name, count)
      }
      let damaged = counts.reduce(0) { $0 + Double($1.count) }
      let share = damaged / max(1, damaged + Double(stage.framesIn))
      guard share >= Self.damagedShare else { return nil }
      return DoctorFinding(
        .failures, .damagedInput, subject: stage.id, weight: share, "the input of \(stage.name) is damaged",
        figures: counts.map {
          .init($0.name, Double($0.count), "\($0.count) \($0.name.replacing("_", with: " "))")
        } + [
          .init(
            "damaged_share", share, "\(Words.percent(share)) of what was read, beside \(stage.framesIn) good frames")
        ],
        remedies: [
          .init("see which files and why", consultation.commands.verbose(stage.id)),
          .init("check one of them", "ffmpeg -v error -i FILE -f null -"),
        ])
    }
  }
}

/// A stage that loses frames by errors of its own.
struct FailingStageRule: DoctorRule {
  static let failedShare = 0.01

  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    consultation.run.stages.compactMap { stage in
      let share = Double(stage.failed) / max(1, Double(stage.framesIn))
      guard stage.failed > 0, share >= Self.failedShare else { return nil }
      var figures: [DoctorFinding.Figure] = [
        .init(
          "failed", Double(stage.failed),
          "\(stage.failed) of \(stage.framesIn) frames fail in it (\(Words.percent(share)))")
      ]
      if let error = consultation.run.errors.first {
        figures.append(.init("error", 1, "the run says: \(StreamRule.line(error))"))
      }
      return DoctorFinding(
        .failures, .failingStage, subject: stage.id, weight: share, "\(stage.name) fails on frames",
        figures: figures,
        remedies: [
          .init("see its errors", consultation.commands.verbose(stage.id))
        ])
    }
  }
}

/// What is to be written cannot be.
struct WriteRule: DoctorRule {
  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    consultation.run.stages.compactMap { stage in
      let writes = stage.facts?.count("failed_writes") ?? 0
      let unwritten = stage.facts?["spool"]?.count("unwritten") ?? 0
      let trouble = stage.facts?["disk_trouble"]?.string
      let rows = stage.dropped["unwritten"] ?? 0
      let lost = Double(writes) + Double(unwritten) + Double(rows)
      guard lost > 0 || trouble != nil else { return nil }
      var figures = [
        DoctorFinding.Figure("lost", lost, "\(Words.count(lost)) writes failed or results were lost by it")
      ]
      if let trouble { figures.append(.init("disk_trouble", 1, "the system says: \(StreamRule.line(trouble))")) }
      return DoctorFinding(
        .failures, .failedWrites, subject: stage.id,
        weight: lost > 0 ? max(0.5, lost / (lost + Double(stage.framesOut))) : 0.5,
        "\(stage.name) cannot write: the disk is full, read-only or gone",
        figures: figures,
        remedies: [
          .init("see how full the disks are", "df -h"),
          .init("see what takes the room", "du -xh --max-depth=2 . | sort -h | tail"),
        ])
    }
  }
}

/// The run ended with an error, or some of its streams did.
struct FailedRunRule: DoctorRule {
  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    let run = consultation.run
    guard !run.errors.isEmpty else { return [] }
    let isPartial = run.exit == 1 || run.exit == 0
    return [
      DoctorFinding(
        .failures, .failedRun, weight: isPartial ? 0.5 : 0.9,
        isPartial ? "streams of the run failed" : "the run ended with an error",
        figures: run.errors.prefix(3).map { .init("error", 1, StreamRule.line($0)) }
          + [
            .init(
              "exit", Double(run.exit ?? 0),
              "\(Words.counted(run.errors.count, "error")), exit status \(run.exit ?? 0)")
          ],
        remedies: [.init("check the pipeline, its models and its outputs", consultation.commands.validate)])
    ]
  }
}
