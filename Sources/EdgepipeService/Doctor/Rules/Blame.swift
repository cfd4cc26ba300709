/// Divides what is lost between a stage and what keeps it from the cores.
struct Blame: Sendable {
  let consultation: Consultation
  let slowness: Slowness
  let stage: StageView
  /// Where it is the deadline that frames miss.
  let deadlineMs: Double?
  private let contention: Contention

  init(_ consultation: Consultation, _ slowness: Slowness, _ stage: StageView, deadlineMs: Double?) {
    self.consultation = consultation
    self.slowness = slowness
    self.stage = stage
    self.deadlineMs = deadlineMs
    contention = Contention(stage, in: consultation.run)
  }

  private var run: RunView { consultation.run }
  private var commands: PasteCommands { consultation.commands }

  var findings: [DoctorFinding] {
    // Below 1, the stage would be too slow with all the cores that it can use as well.
    let fits = deadlineMs.map(fit) ?? run.fit(of: stage) ?? 0
    let own = max(1 - contention.waiting, 1 - fits), foreign = contention.waiting * min(1, fits)
    let most = contention.parts.first?.share ?? 1
    return [isShortDeadline ? shortDeadline(own) : slow(own)]
      + contention.parts.map { contended($0, foreign * $0.share / most) }
  }

  /// The time that a frame has, against the CPU time that it takes on its way.
  private func fit(_ deadlineMs: Double) -> Double {
    let cpuMs = Slowness.workers(run).reduce(0) { $0 + $1.cpuMsPerFrame / Double($1.threads) }
    return cpuMs > 0 ? Slowness.deadlineShare * deadlineMs / cpuMs : 0
  }

  /// Nobody takes the most of it: each stage is as fast as it should be, but the frames have too little time.
  private var isShortDeadline: Bool {
    guard deadlineMs != nil else { return false }
    let all = Slowness.workers(run).reduce(0) { $0 + $1.busyMsPerFrame }
    return stage.busyMsPerFrame < 0.5 * all
  }

  private var stageFigures: [DoctorFinding.Figure] {
    let busy = stage.utilisation(wallS: run.wallS), offered = run.offeredFPS(of: stage)
    var figures = [
      DoctorFinding.Figure(
        "work_ms", stage.busyMsPerFrame,
        "it works \(Words.number(stage.busyMsPerFrame)) ms on a frame, \(Words.number(stage.cpuMsPerFrame)) ms of that on a core"
      )
    ]
    if let deadlineMs {
      figures.append(.init("deadline_ms", deadlineMs, "frames have \(Words.number(deadlineMs)) ms"))
    } else if offered > 0, stage.busyMsPerFrame > 0 {
      let capacity = Double(stage.workers) * 1000 / stage.busyMsPerFrame
      figures.append(
        .init(
          "capacity_fps", capacity,
          "\(Words.number(offered)) frames/s come, \(Words.number(capacity)) are what it can do"))
    }
    figures.append(
      .init(
        "busy_share", busy,
        "it is busy \(Words.percent(busy)) of the time with \(Words.counted(stage.workers, "worker"))"))
    return figures
  }

  private func slow(_ share: Double) -> DoctorFinding {
    let cause: DoctorFinding.Cause, slow: String
    switch (stage.role, stage.isDetector) {
    case (.source, _): (cause, slow) = (.slowDecoder, "decodes more slowly than the input's own time")
    case (.sink, _): (cause, slow) = (.slowOutput, "cannot write as fast as frames come")
    case (_, true): (cause, slow) = (.slowDetector, "cannot follow its frames")
    default: (cause, slow) = (.slowStage, "cannot follow its frames")
    }
    let what = deadlineMs == nil ? slow : "takes longer than the deadline of its frames allows"
    return DoctorFinding(
      .latency, cause, subject: stage.id, weight: slowness.harm * share, "\(stage.name) \(what)",
      figures: slowness.figures + stageFigures,
      remedies: SlowStageRemedies(consultation, stage, deadlineMs: deadlineMs).all)
  }

  private func shortDeadline(_ share: Double) -> DoctorFinding {
    let workMs = Slowness.workers(run).reduce(0) { $0 + $1.busyMsPerFrame }, deadlineMs = deadlineMs ?? 0
    return DoctorFinding(
      .latency, .shortDeadline, weight: slowness.harm * share,
      "the deadline is shorter than the way through the pipeline, although no stage takes the most of it",
      figures: slowness.figures + [
        .init("deadline_ms", deadlineMs, "frames have \(Words.number(deadlineMs)) ms"),
        .init("work_ms", workMs, "the stages work \(Words.number(workMs)) ms on a frame, waiting not counted"),
      ],
      remedies: [
        .init("a longer budget.deadlineMs in the pipeline file: the work alone takes \(Words.number(workMs)) ms"),
        .init("find faster settings", commands.tune(deadlineMs: deadlineMs)),
      ])
  }

  private func contended(_ part: Contention.Part, _ share: Double) -> DoctorFinding {
    let waits = DoctorFinding.Figure(
      "waiting_share", contention.waiting,
      "\(Words.plain(stage.id)) waits for a core in \(Words.percent(contention.waiting)) of its work")
    let summary: String, remedies: [DoctorFinding.Remedy]
    switch part.cause {
    case .cpuQuota:
      summary = "a CPU quota stops the pipeline: its control group may not use more"
      remedies = [
        .init(
          "see the quota and how often it stops the run", "grep -H . /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu.stat"),
        .init(
          "give the service more, or the container with --cpus", "systemctl show --property=CPUQuotaPerSecUSec edgepipe"
        ),
      ]
    case .otherPrograms:
      summary = "other programs take the cores that the pipeline needs"
      remedies = [
        .init("see which ones", "ps -eo pid,pcpu,comm --sort=-pcpu | head"),
        .init("let the pipeline go before them", "sudo renice -n -5 -p $(pgrep -f 'edgepipe run')"),
      ]
    case .tooManyWorkers:
      let fits = Int(max(1, min(run.cores.rounded(.down) / Double(stage.threads), 64)))
      summary = "\(stage.name) has more workers than there are cores: each frame takes longer, and no more are done"
      remedies = [.init("as many workers as cores", commands.set(stage.id, "workers", "\(fits)"))]
    default:
      let costliest = run.stages.max { $0.cpuMs < $1.cpuMs } ?? stage
      summary = "the pipeline needs more cores than there are; \(costliest.name) takes the most"
      remedies = SlowStageRemedies(consultation, costliest, deadlineMs: deadlineMs).all
    }
    return DoctorFinding(
      .latency, part.cause, subject: part.cause == .tooManyWorkers ? stage.id : nil, weight: slowness.harm * share,
      summary, figures: slowness.figures + [part.figure, waits], remedies: remedies)
  }
}
