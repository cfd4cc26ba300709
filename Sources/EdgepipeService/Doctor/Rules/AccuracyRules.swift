import EdgepipeCore

/// The threshold leaves out most of what the model sees.
struct ScoreRule: DoctorRule {
  /// A threshold that leaves out more than it lets through is hardly meant.
  static let leftOutShare = 0.5
  /// A box or two may be anything.
  static let leastLeftOut = 3

  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    consultation.run.stages.compactMap { stage in
      guard let counts = stage.facts?["left_out_by_score"] else { return nil }
      let left = counts.count("left_out"), found = counts.count("found")
      let share = Double(left) / max(1, Double(left) + Double(found))
      guard left >= Self.leastLeftOut, share > Self.leftOutShare else { return nil }
      let score = stage.facts?.amount("score") ?? 0, best = counts.amount("best_score") ?? 0
      let usual = counts.amount("above") ?? 0.3
      return DoctorFinding(
        .accuracy, .highScore, subject: stage.id, weight: share,
        "the score threshold of \(stage.name) leaves out most of what its model sees",
        figures: [
          .init(
            "score", score,
            "detections must score more than \(Words.number(score)); the usual threshold is \(Words.number(usual))"),
          .init(
            "left_out_share", share,
            "in \(counts.count("pictures")) pictures it left out \(left) of \(Words.count(Double(left) + Double(found))) objects"
          ),
          .init("best_left_out", best, "the surest of those left out scores \(Words.number(best))"),
        ],
        remedies: [
          .init(
            "the usual threshold", consultation.commands.set(stage.id, "score", Figure.setting(usual), changes: true)),
          .init(
            "see what each threshold costs on pictures of yours",
            "edgepipe models eval \(PasteCommands.word(stage.model ?? "MODEL")) --coco instances.json --images DIR"),
        ])
    }
  }
}

/// The model's numbers are none: its file is damaged, or its precision does not hold its values.
struct NotFiniteRule: DoctorRule {
  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    consultation.run.stages.compactMap { stage in
      let count = stage.facts?.count("non_finite_boxes") ?? 0
      guard count > 0 else { return nil }
      let model = PasteCommands.word(stage.model ?? "MODEL"), precision = stage.precision ?? "unknown"
      return DoctorFinding(
        .accuracy, .notFinite, subject: stage.id,
        weight: Double(count) / (Double(count) + Double(stage.detections)),
        "the model of \(stage.name) gives boxes that are no numbers: it is damaged, or its precision overflows",
        figures: [
          .init("non_finite_boxes", Double(count), "\(count) boxes were left out, \(stage.detections) were found"),
          .init("workers", Double(stage.workers), "its precision is \(Words.plain(precision))"),
        ],
        remedies: [
          .init("check the model's file", "edgepipe models verify \(model)"),
          .init("calibrate it again", "edgepipe models compress \(model) --calibration DIR"),
        ])
    }
  }
}
