/// Frames are lost or late: a stage is too slow by itself, or it is kept from the cores, or a limit is too tight.
///
/// What a stage would do with a core for each of its workers comes from its CPU time a frame. The part of the shortfall
/// that would be left then is its own fault; the rest is the fault of whatever takes the cores.
struct SlownessRule: DoctorRule {
  func findings(_ consultation: Consultation) -> [DoctorFinding] {
    guard let slowness = Slowness(consultation.run) else { return [] }
    switch slowness.limit {
    case .rate(let stage): return Blame(consultation, slowness, stage, deadlineMs: nil).findings
    case .deadline(let stage, let deadlineMs):
      return Blame(consultation, slowness, stage, deadlineMs: deadlineMs).findings
    case .burst(let stage): return [burst(stage, slowness, consultation)]
    case .credits(let stream): return [credits(stream, slowness, consultation)]
    case .unknown: return []
    }
  }

  private func burst(_ stage: StageView, _ slowness: Slowness, _ consultation: Consultation) -> DoctorFinding {
    let busy = stage.utilisation(wallS: slowness.run.wallS), capacity = stage.queueCapacity ?? 4
    let more = min(4096, capacity.adding(capacity))
    return DoctorFinding(
      .latency, .shortQueue, subject: stage.id, weight: slowness.harm,
      "the queue of \(stage.name) overflows although the stage has time: frames come in bursts",
      figures: slowness.figures + [
        .init("busy_share", busy, "the stage is busy \(Words.percent(busy)) of the time"),
        .init("queue_capacity", Double(capacity), "its queue holds \(Words.counted(capacity, "frame"))"),
      ],
      remedies: [
        .init(
          "a longer queue, which costs memory and latency",
          consultation.commands.set(stage.id, "queue", "{\"capacity\":\(more)}"))
      ])
  }

  private func credits(_ stream: StreamView, _ slowness: Slowness, _ consultation: Consultation) -> DoctorFinding {
    let refused = Double(stream.dropped["no-credit"] ?? 0), name = Words.plain(stream.id)
    return DoctorFinding(
      .latency, .framesInFlight, subject: stream.id, weight: slowness.harm,
      "'\(name)' finds no place for its frames although no stage is busy: framesInFlight is too low",
      figures: slowness.figures + [
        .init("no_credit", refused, "\(Words.count(refused)) frames of it came while all places were taken"),
        .init(
          "latency_p95_ms", stream.latencyP95Ms,
          "a frame keeps its place for up to \(Words.number(stream.latencyP95Ms)) ms"),
      ],
      remedies: [
        .init("remove framesInFlight from the pipeline file, or raise it; each frame in flight costs memory"),
        .init("see how long frames stay in each stage", consultation.commands.profile),
      ])
  }
}
