/// The power was above the pipeline's budget.
struct PowerRule: DoctorRule {
  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    let run = consultation.run, power = run.power
    guard let budget = power.budgetW, budget > 0, let highest = power.highestMeanW ?? power.meanW, highest > budget
    else { return [] }
    let how = power.isEstimate ? "estimated" : "measured"
    // A budget that is exceeded by half is exceeded for good.
    let weight = 0.5 + (highest - budget) / budget
    let figures: [DoctorFinding.Figure] = [
      .init(
        "highest_mean_w", highest,
        "up to \(Words.number(highest)) W (\(how)) against a budget of \(Words.number(budget)) W")
    ]
    if let idle = power.idleW, idle >= budget {
      return [
        DoctorFinding(
          .power, .smallBudget, weight: weight, "the machine takes more than the budget when it does nothing",
          figures: figures + [.init("idle_w", idle, "the idle machine takes \(Words.number(idle)) W")],
          remedies: [
            .init("raise budget.powerW in the pipeline file above \(Words.number(idle)) W"),
            .init(
              power.isEstimate
                ? "see how the power is known, and fit a profile to a wattmeter" : "see how the power is known",
              "edgepipe devices"),
          ])
      ]
    }
    guard let hottest = run.stages.max(by: { ($0.energyJ ?? 0) < ($1.energyJ ?? 0) }) else { return [] }
    let all = power.energyJ ?? 0, part = hottest.energyJ ?? 0
    return [
      DoctorFinding(
        .power, .hotStage, subject: hottest.id, weight: weight,
        "\(hottest.name) takes the most power of all stages",
        figures: figures + [
          .init("stage_j", part, "\(Words.number(part)) of \(Words.number(all)) J go into it"),
          .init("idle_w", power.idleW ?? 0, "the idle machine takes \(Words.number(power.idleW ?? 0)) W"),
        ],
        remedies: (hottest.model == nil
          ? []
          : [
            .init(
              "look at one frame in two; a tracker fills the others",
              consultation.commands.set(hottest.id, "interval", "2", changes: true))
          ]) + [
            .init("let edgepipe keep the budget: \"budget\": {\"powerW\": \(Words.number(budget)), \"enforce\": true}")
          ])
    ]
  }
}
