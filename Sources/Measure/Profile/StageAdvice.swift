import Foundation
import Pipeline

/// What would make one stage faster or cheaper: sentences with the settings as `--set` takes them, and with what they
/// would give, as far as the run's own figures say.
struct StageAdvice {
  let stage: StageLoad
  let finding: BottleneckFinding

  private var load: RunLoad { finding.load }
  private var settings: StageSettingsView { stage.settings }
  private var id: String { stage.id }
  private var kind: Substring { stage.type.prefix { $0 != "." } }

  /// A smaller gain is not worth a sentence.
  private static let leastGain = 1.05
  /// Of less nothing can be said.
  private static let leastFreeCores = 0.3

  /// For more frames a second.
  var sentences: [String] {
    ([moreWorkers] + byKind).compactMap { $0 }
  }

  /// For a shorter way of each frame.
  var latencySentences: [String] {
    guard runsModel else { return [] }
    let threads =
      hasFreeCores
      ? advice("\(id).threads=\(settings.threads + 1)", "lower latency of each frame, but fewer frames per second")
      : nil
    let shape = smallerShape.flatMap { advice($0.setting, $0.remark) }
    return [threads, shape, int8].compactMap { $0 }
  }

  private var byKind: [String?] {
    switch stage.type {
    case "source.ffmpeg": source
    case "preprocess.letterbox": ["a smaller shape for the detectors that it scales for"]
    case "sink.video": video
    case "sink.snapshot": ["fewer pictures: a higher \(id).everyS, or only onNewTrack"]
    case "sink.jsonl": [advice("\(id).frames=events", "if only events are read"), "a faster disk for \(id).path"]
    default:
      switch kind {
      case "detect": runsModel ? detector : []
      case "track": ["fewer boxes: a higher score or a lower maxDetections of the detectors before it"]
      default: []
      }
    }
  }

  // MARK: - By kind

  private var moreWorkers: String? {
    guard !finding.areCoresTaken, stage.role != .source, stage.workers < stage.maximumWorkers, !needsOrder else {
      return nil
    }
    let count = stage.workers + 1, setting = "\(id).workers=\(count)"
    let change = CapacityModel.Change(stage: id, workers: Double(count) / Double(stage.workers))
    if load.freeCores >= Self.leastFreeCores { return advice(setting, [change], freeCores) }
    // Others have what is left.
    let others =
      "without the other programs, which take \(Words.cores(load.otherCores)) of \(Words.cores(load.cores)) cores"
    return advice(setting, [change], others, by: finding.model.withoutOthers)
  }

  /// Scaling for a detector that looks at some frames only must see the frames in order.
  private var needsOrder: Bool {
    kind == "preprocess"
      && load.stages.contains {
        $0.settings.interval > 1 || $0.settings.maxRate != nil || $0.settings.looksOnMotion
      }
  }

  private var runsModel: Bool { kind == "detect" && stage.type != "detect.null" }

  private var detector: [String?] {
    let interval = settings.interval + 1
    // What the only detector does not look at is not scaled either.
    let isAlone = load.stages.count { $0.type.hasPrefix("detect.") } == 1
    let fewer = load.stages.filter { $0.id == id || (isAlone && $0.type == "preprocess.letterbox") }
      .map { CapacityModel.Change(stage: $0.id, work: Double(settings.interval) / Double(interval)) }
    let hasTracker = load.stages.contains { $0.type.hasPrefix("track.") }
    return [
      smallerShape.flatMap { shape in
        advice(shape.setting, shape.factor.map { [CapacityModel.Change(stage: id, work: $0)] }, shape.remark)
      },
      advice(
        "\(id).interval=\(interval)", fewer,
        hasTracker ? "the tracker predicts in between" : "frames in between have no boxes unless a tracker follows"),
      settings.looksOnMotion ? nil : advice("\(id).onMotion=true", "if the scene is often still"),
      int8,
      "'edgepipe tune' tries models, shapes, workers and intervals on this machine",
    ]
  }

  /// What to set, and times which the work becomes where that is known: with the pixels.
  private var smallerShape: (setting: String, factor: Double?, remark: String)? {
    if settings.hasOwnShape { return nil }
    if settings.shape == .square { return ("\(id).shape=auto", nil, "fewer pixels for wide pictures") }
    guard let size = settings.inputSize, let smaller = Self.smaller(size) else { return nil }
    return (
      "\(id).shape=[\(smaller.height),\(smaller.width)]",
      Double(smaller.width * smaller.height) / Double(size.width * size.height), "small objects are detected less often"
    )
  }

  private var int8: String? {
    guard load.hasInt8DotProduct, settings.precision?.hasPrefix("float") ?? false else { return nil }
    return "an INT8 model at \(id).model: this processor multiplies 8-bit integers directly"
  }

  private var source: [String?] {
    [
      hasFreeCores && settings.threads == 1 ? advice("\(id).threads=2", "decodes on two cores; \(freeCores)") : nil,
      settings.skipsLoopFilter ? nil : advice("\(id).skip.loopFilter=nonReference", "faster, but slightly less sharp"),
      settings.skipsFrames
        ? nil : advice("\(id).skip.frames=nonReference", "skips pictures that no other picture refers to"),
      "a smaller picture: a camera's second stream, or a clip with fewer pixels",
    ]
  }

  private var video: [String?] {
    let preset = settings.preset ?? "ultrafast"
    return [
      preset == "ultrafast" ? nil : advice("\(id).preset=ultrafast", "now \(preset); the files become larger"),
      hasFreeCores && settings.threads == 1 ? advice("\(id).threads=2", freeCores) : nil,
      "a lower \(id).height: \(settings.height.map { "now \($0)" } ?? "now that of the pictures")",
    ]
  }

  // MARK: - Sentences

  private var hasFreeCores: Bool { !finding.areCoresTaken && load.freeCores >= Self.leastFreeCores }
  private var freeCores: String {
    "\(String(format: "%.2f", load.freeCores)) of \(Words.cores(load.cores)) cores are free"
  }

  private func advice(_ setting: String, _ remark: String) -> String { "\(setting): \(remark)" }

  /// - Parameter changes: nil where it is not known what the setting gives.
  /// - Returns: nil when it would give hardly more than now.
  private func advice(
    _ setting: String, _ changes: [CapacityModel.Change]?, _ remark: String, by model: CapacityModel? = nil
  ) -> String? {
    guard let changes else { return advice(setting, remark) }
    let model = model ?? finding.model
    guard let now = model.limit(), let then = model.limit(changes), now.fps > 0 else { return nil }
    let gain = then.fps / now.fps
    guard gain >= Self.leastGain else { return nil }
    return "\(setting) would give up to \(Words.rate(load.fps * gain)) frames/s; \(remark)"
  }

  /// Three quarters of each side, in multiples of 32, which all models take.
  private static func smaller(_ size: StageSettingsView.Size) -> StageSettingsView.Size? {
    func side(_ value: Int) -> Int { max(32, (value * 3 / 4 + 16) / 32 * 32) }
    let smaller = StageSettingsView.Size(width: side(size.width), height: side(size.height))
    return smaller.width * smaller.height < size.width * size.height ? smaller : nil
  }
}
