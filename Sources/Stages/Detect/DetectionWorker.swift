import Detectors
import EdgepipeCore
import Pipeline

/// One worker of a detecting stage: takes the prepared input off the frame and hangs the detections on it.
final class DetectionWorker: FrameWorker {
  /// A model that the worker has open.
  private struct Open {
    let model: RunningModel
    let detector: Detector
    var reportedNonFinite = 0
  }

  private let core: DetectionCore
  private let seat: InferenceSeat?
  private var hasLeft = false
  private var adjusted: AdjustedOptions<DetectionAdjustment>
  /// The one of the last frame first. While a model is swapped, frames that were admitted before it still come.
  private var open: [Open]
  private var lastGeometry: LetterboxGeometry?

  private static let mostOpen = 2

  init(_ core: DetectionCore, _ context: WorkerContext) throws {
    self.core = core
    adjusted = AdjustedOptions(of: core.context.id, initial: core.initial)
    let model = core.initial.model
    open = [
      Open(
        model: model,
        detector: try model.makeDetector(core.initial.options, workers: context.workerCount))
    ]
    seat = try core.noteWorker(of: context.workerCount)
    core.noteUse(of: model)
  }

  func process(_ frame: Frame) throws -> FrameOutcome {
    let id = core.context.id
    if core.isShut(for: frame) {
      var frame = frame
      frame.detach(id)
      frame.detach(CropInputs.key(of: id))
      core.countPassedBy()
      return .emit(frame)
    }
    guard let input = frame.attachment(id) as? ModelInput else {
      throw PipelineError(
        "no preprocess.letterbox prepares the input of '\(id)'",
        remedy: "add one before it, with \"for\": [\"\(id)\"] in its config", code: .invalidConfiguration)
    }
    if input.geometry != lastGeometry {
      core.saw(input.geometry)
      lastGeometry = input.geometry
    }
    if adjusted.follow(frame) { try adjust() }
    let still = open[0].model.still, now = core.context.clock.now()
    if let known = still?.results(for: input.tensor, of: frame.header.stream.id, at: now) {
      return .emit(with(known, from: .cloud, on: frame))
    }
    let placed = open[0].detector.placed
    placed?.expect(
      InferenceTerms(deadline: frame.header.deadline, mustStay: open[0].model.mustStay(frame)))
    open[0].detector.candidateFloor = core.cascade.candidateFloor
    guard !core.isHanging(open[0].model), let detections = try look(at: frame, input) else {
      var frame = frame
      frame.detach(id)
      frame.detach(CropInputs.key(of: id))
      core.countUnanswered()
      return .emit(frame)
    }
    let nonFinite = open[0].detector.nonFinite
    if nonFinite > open[0].reportedNonFinite {
      core.add(nonFinite: nonFinite - open[0].reportedNonFinite)
      open[0].reportedNonFinite = nonFinite
    }
    if let leftOut = open[0].detector.takeLeftOut() { core.add(leftOut) }
    if placed?.place == .cloud { still?.keep(detections, for: input.tensor, of: frame.header.stream.id, at: now) }
    return .emit(with(detections, from: placed?.place, on: frame))
  }

  private func with(_ detections: [Detection], from place: InferencePlace?, on frame: Frame) -> Frame {
    var frame = frame
    frame.detach(core.context.id)
    let places = place.map { [core.context.id: $0.rawValue] } ?? [:]
    core.cascade.attach(detections, finding: adjusted.value.labels, at: places, to: &frame)
    if core.cascade.candidateFloor != nil { core.cascade.hang(open[0].detector.takeCandidates(), on: &frame) }
    return frame
  }

  /// What is in the frame, or in the crops of it that were prepared. Nil where the model did not answer in time.
  private func look(at frame: Frame, _ input: ModelInput) throws -> [Detection]? {
    guard let crops = CascadePart.crops(of: core.context.id, on: frame) else { return try detect(input) }
    var looks: [CropLook] = []
    for crop in crops {
      guard let found = try detect(crop.input) else { return nil }
      looks.append(CropLook(place: crop.place, found: found))
    }
    return CropLook.joined(looks, in: frame.header, iou: adjusted.value.options.iou)
  }

  /// Nil where the model did not answer in time.
  private func detect(_ input: ModelInput) throws -> [Detection]? {
    guard let seat else {
      do { return try open[0].detector.detect(input) } catch is NoAnswer { return nil }
    }
    let begin = core.context.clock.now()
    seat.begin(open[0].detector.stop)
    do {
      let detections = try open[0].detector.detect(input)
      _ = seat.end()
      core.watch?.note(Double(core.context.clock.now().nanoseconds(since: begin)) / 1e6)
      return detections
    } catch {
      guard seat.end() || error is NoAnswer else { throw error }
      return nil
    }
  }

  private func adjust() throws {
    let model = adjusted.value.model
    if let index = open.firstIndex(where: { $0.model === model }) {
      open.swapAt(0, index)
    } else {
      open.insert(
        Open(model: model, detector: try model.makeDetector(adjusted.value.options, workers: core.workers)), at: 0)
      if open.count > Self.mostOpen { open.removeLast() }
    }
    open[0].detector.options = adjusted.value.options
    core.noteUse(of: model)
  }

  func finish() throws {
    leave()
    core.context.threads.sampleBeforeRelease(stage: core.context.id)
  }

  private func leave() {
    guard !hasLeft else { return }
    hasLeft = true
    core.leave(seat)
  }

  deinit { leave() }
}
