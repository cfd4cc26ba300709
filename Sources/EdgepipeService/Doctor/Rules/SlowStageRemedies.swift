/// What makes a stage faster, or spares it work.
struct SlowStageRemedies: Sendable {
  private let consultation: Consultation
  private let stage: StageView
  private let deadlineMs: Double?

  init(_ consultation: Consultation, _ stage: StageView, deadlineMs: Double?) {
    self.consultation = consultation
    self.stage = stage
    self.deadlineMs = deadlineMs
  }

  private var run: RunView { consultation.run }
  private var commands: PasteCommands { consultation.commands }

  var all: [DoctorFinding.Remedy] {
    if stage.isDetector { return detector }
    switch stage.type {
    case "source.ffmpeg":
      return [
        .init("decode on all cores", commands.set(stage.id, "threads", "0")),
        .init(
          "leave out the smoothing of pictures that no other is built on",
          commands.set(stage.id, "skip", "{\"loopFilter\":\"nonReference\"}")),
      ]
    case "sink.video", "sink.stream":
      return [.init("the fastest preset of the encoder", commands.set(stage.id, "preset", "ultrafast")), profile]
    default: return [moreWorkers, profile].compactMap { $0 }
    }
  }

  private var profile: DoctorFinding.Remedy { .init("see where its time goes", commands.profile) }

  private var detector: [DoctorFinding.Remedy] {
    var remedies: [DoctorFinding.Remedy] = []
    if let model = stage.model, let lighter = int8(of: model) {
      remedies.append(
        .init(
          "the INT8 form of its model, which is installed", commands.set(stage.id, "model", lighter, changes: true)))
    }
    // A stage for measurements has no model, and none of these options.
    if deadlineMs == nil, stage.model != nil {
      let interval = neededInterval
      remedies.append(
        .init(
          "look at one frame in \(interval); a tracker fills the others",
          commands.set(stage.id, "interval", "\(interval)", changes: true)))
    } else if let size = smallerShape {
      remedies.append(
        .init(
          "a smaller input; small objects are detected less often",
          commands.set(stage.id, "shape", "[\(size.height),\(size.width)]", changes: true)))
    }
    if let moreWorkers { remedies.append(moreWorkers) }
    remedies.append(.init("find the best settings for this machine", commands.tune(deadlineMs: deadlineMs)))
    return remedies
  }

  private func int8(of model: String) -> String? {
    guard stage.precision?.hasPrefix("float") ?? true else { return nil }
    return consultation.models.first { $0.precision.hasPrefix("int8") && $0.name.hasPrefix(model) }?.name
  }

  /// So that what is left can be done.
  private var neededInterval: Int {
    let offered = run.offeredFPS(of: stage), capacity = Double(stage.workers) * 1000 / max(stage.busyMsPerFrame, 0.001)
    let interval = (offered / capacity).rounded(.up)
    return interval.isFinite ? Int(min(max(interval, 2), 100)) : 2
  }

  /// Three quarters of each side, in steps of 32 pixels.
  private var smallerShape: (width: Int, height: Int)? {
    let sizes = (stage.facts?["input_sizes"]?.elements ?? []).compactMap(\.string)
    guard let sides = sizes.last?.split(separator: "x").compactMap({ Int($0) }), sides.count == 2,
      sides.allSatisfy({ (64...8192).contains($0) })
    else { return nil }
    func smaller(_ side: Int) -> Int { max(32, (side * 3 / 4 + 16) / 32 * 32) }
    let (width, height) = (smaller(sides[0]), smaller(sides[1]))
    return width < sides[0] || height < sides[1] ? (width, height) : nil
  }

  private var moreWorkers: DoctorFinding.Remedy? {
    guard stage.role == .transform, run.freeCores >= 0.5, stage.workers < 64 else { return nil }
    return .init(
      "one more worker: \(Words.number(run.freeCores)) of \(Words.cores(run.cores)) are free",
      commands.set(stage.id, "workers", "\(stage.workers + 1)"))
  }
}
