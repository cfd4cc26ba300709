import Pipeline

/// What a finding says to people.
extension BottleneckFinding {
  func describeSources() -> Bottleneck {
    let room = CapacityModel(load: load, countsCPU: model.countsCPU, isPaced: false).limit()
    var costs = ["every frame is finished before the next one arrives: a faster pipeline would not deliver more"]
    if let room, room.fps > load.offeredFPS {
      costs.append(
        "the pipeline has capacity for about \(Words.rate(room.fps)) frames/s, "
          + "\(Words.times(room.fps / load.offeredFPS)) as many; then the limit would be \(name(room.part))")
    }
    let reliefs = load.stages.filter { !($0.waiting?.isLive ?? true) }
      .flatMap { StageAdvice(stage: $0, finding: self).paceSentences }
    return Bottleneck(
      limit: .sources,
      headline: "the sources set the rate: \(Words.rate(load.offeredFPS)) frames/s arrive, "
        + (lost == 0 ? "and none is lost" : "and \(Words.percent(Double(lost) / Double(load.admitted))) are lost"),
      costs: costs, reliefs: reliefs, nextFPS: nil)
  }

  func describeStage(_ id: String) -> Bottleneck {
    guard let stage = load.stages.first(where: { $0.id == id }) else { return describeSpread() }
    let who =
      stage.role == .source
      ? (stage.workers == 1 ? "its thread is" : "its \(stage.workers) streams are")
      : (stage.workers == 1 ? "its worker is" : "its \(stage.workers) workers are")
    let next = model.limit([.init(stage: id, work: 0)])
    return Bottleneck(
      limit: .stage(id),
      headline: "\(id) (\(stage.type)) limits the run: \(who) busy \(Words.percent(stage.utilisation)) of the time",
      costs: [losses, without(id, next)].compactMap { $0 },
      reliefs: StageAdvice(stage: stage, finding: self).sentences, nextFPS: next?.fps)
  }

  func describeCores() -> Bottleneck {
    let costliest = load.stages.max { $0.cpuS < $1.cpuS }
    let next = costliest.flatMap { model.limit([.init(stage: $0.id, work: 0)]) }
    var headline =
      "the cores limit the run: \(Words.cores(load.busyCores)) of \(Words.cores(load.cores)) are busy "
      + "with this program"
    let others = load.otherCores
    if others >= 0.05 * load.cores { headline += " and \(Words.cores(others)) with other programs" }
    headline += ", so more workers do not help"
    var costs = [losses, spending].compactMap { $0 }
    if let costliest, let sentence = without(costliest.id, next) { costs.append(sentence) }
    var reliefs: [String] = []
    if others >= 0.1 * load.cores, let alone = model.withoutOthers.limit() {
      reliefs.append("without the other programs the rate could be up to \(Words.rate(alone.fps)) frames/s")
    }
    if let costliest { reliefs += StageAdvice(stage: costliest, finding: self).sentences }
    return Bottleneck(limit: .cores, headline: headline, costs: costs, reliefs: reliefs, nextFPS: next?.fps)
  }

  func describeDeadline() -> Bottleneck {
    let limit = load.deadlineMs.map { " of \(Words.number($0)) ms" } ?? ""
    let slowest = load.stages.filter { $0.worked > 0 && $0.role != .source }
      .max { $0.busyS / Double($0.worked) < $1.busyS / Double($1.worked) }
    let median = Words.number(load.medianLatencyMs)
    var reliefs = ["a longer budget.deadlineMs: half of the delivered frames take \(median) ms"]
    if let slowest { reliefs += StageAdvice(stage: slowest, finding: self).latencySentences }
    return Bottleneck(
      limit: .deadline,
      headline: "the deadline\(limit) limits the run: frames take too long although no stage is busy more than "
        + "\(Words.percent(busiest?.utilisation ?? 0)) of the time",
      costs: [losses].compactMap { $0 }, reliefs: reliefs, nextFPS: nil)
  }

  func describeQueue(_ id: String) -> Bottleneck {
    let stage = load.stages.first { $0.id == id }
    return Bottleneck(
      limit: .queue(id),
      headline: "the queue of \(id) overflows although the stage is busy only "
        + "\(Words.percent(stage?.utilisation ?? 0)) of the time: frames arrive in bursts",
      costs: [losses].compactMap { $0 },
      reliefs: ["a higher \(id).queue.capacity, which costs memory and latency"], nextFPS: nil)
  }

  func describeFramesInFlight() -> Bottleneck {
    Bottleneck(
      limit: .framesInFlight,
      headline:
        "framesInFlight limits the run: \(load.framesInFlight) frames may be in flight at once, and no stage "
        + "is busy more than \(Words.percent(busiest?.utilisation ?? 0)) of the time",
      costs: [losses, room].compactMap { $0 },
      reliefs: ["a higher framesInFlight, which costs memory"], nextFPS: model.limit()?.fps)
  }

  func describeSpread() -> Bottleneck {
    let what = busiest.map { ": \($0.id) (\($0.type)) is busy \(Words.percent($0.utilisation)) of the time" } ?? ""
    return Bottleneck(
      limit: .spread, headline: "no single part limits the run\(what)",
      costs: [room, "starting and draining take much of a short run: profile more frames"].compactMap { $0 },
      reliefs: busiest.map { StageAdvice(stage: $0, finding: self).sentences } ?? [], nextFPS: model.limit()?.fps)
  }

  // MARK: - Sentences

  private var losses: String? {
    guard lost > 0 else { return nil }
    return "\(lost) of \(load.admitted) frames are lost (\(Words.percent(Double(lost) / Double(load.admitted))))"
  }

  private var room: String? {
    model.limit().map {
      "\(name($0.part)) would allow \(Words.rate($0.fps)) frames/s; the run delivers \(Words.rate(load.fps))"
    }
  }

  /// Who takes the processor.
  private var spending: String? {
    let all = load.processCPUS
    guard all > 0 else { return nil }
    let parts = load.stages.filter { $0.cpuS >= 0.03 * all }.sorted { $0.cpuS > $1.cpuS }
      .map { "\($0.id) \(Words.percent($0.cpuS / all))" }
    return parts.isEmpty ? nil : "shares of its CPU time: \(parts.joined(separator: ", "))"
  }

  private func without(_ id: String, _ next: (part: CapacityModel.Part, fps: Double)?) -> String? {
    guard let next, load.fps > 0 else { return nil }
    let gain = next.fps / load.fps
    if gain < 1.05 { return "without \(id) the run would hardly be faster: the next limit is \(name(next.part))" }
    return "without \(id) the rate would be \(Words.rate(next.fps)) frames/s instead of \(Words.rate(load.fps)) "
      + "(\(Words.times(gain)) as many); the next limit is \(name(next.part))"
  }

  func name(_ part: CapacityModel.Part) -> String {
    switch part {
    case .stage(let id): id
    case .cores: "the cores"
    case .sources: "the sources"
    }
  }
}
