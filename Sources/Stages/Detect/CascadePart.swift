import EdgepipeCore
import Pipeline
import Synchronization

/// A detecting stage's part in a cascade: as the smaller one it hangs what it is in doubt about on frames, as the larger one
/// it puts its results in the place of the smaller one's.
final class CascadePart: Sendable {
  /// As the run begins; nil where the stage waits for nobody's doubt.
  let settings: CascadeSettings?
  let record: CascadeRecord?
  private let stage: String

  private struct Links {
    var candidateFloor: Float?
    var resultName: String?
    var faults: [StageFault] = []
    var remarks: [StageFault] = []
  }
  private let links = Mutex(Links())

  init(_ settings: CascadeSettings?, stage: String) throws(PipelineError) {
    try settings?.check(stage: stage)
    self.settings = settings
    self.stage = stage
    record = settings.map(CascadeRecord.init)
  }

  /// Candidates that score more than this are hung on frames; nil where no larger one asks for any.
  var candidateFloor: Float? { links.withLock { $0.candidateFloor } }

  /// The stage whose results its own go into.
  var resultName: String? { links.withLock { $0.resultName } }

  var faults: [StageFault] { links.withLock { $0.faults } }

  var remarks: [StageFault] { links.withLock { $0.remarks } }

  /// - Throws: ``PipelineError`` for settings that cannot follow those that the run began with.
  func check(_ changed: CascadeSettings?) throws(PipelineError) {
    if let changed, let settings, changed.isChange(of: settings) { return try changed.check(stage: stage) }
    guard changed != settings else { return }
    throw PipelineError(
      "the cascade of '\(stage)' cannot change so while the pipeline runs",
      remedy: "change its share, minDoubt or window, or run the pipeline again", code: .invalidConfiguration)
  }

  // MARK: - Between the stages

  func connect(to peers: StagePeers, model: RunningModel) {
    let asking = peers.downstream.compactMap { (peers.stages[$0] as? any GatedConsumer)?.gate.cascade }
    let floor = asking.filter { $0.of == stage }.map { Float($0.low) }.min()
    links.withLock { $0.candidateFloor = floor }
    guard let settings else { return }
    do { try join(settings, peers, model) } catch {
      var error = error
      error.stage = stage
      links.withLock { $0.faults = [StageFault(error, key: "cascade.of")] }
    }
  }

  private func join(
    _ settings: CascadeSettings, _ peers: StagePeers, _ model: RunningModel
  ) throws(PipelineError) {
    let smaller = try smaller(settings, peers)
    let root = Self.root(settings.of, peers)
    if let tracker = tracker(behind: settings.of, of: root, peers) {
      throw PipelineError(
        "the tracker '\(tracker)' stands between '\(settings.of)' and '\(stage)': it would follow what the one finds, and "
          + "lose it where the other has looked",
        remedy: "put '\(tracker)' after '\(stage)'", code: .invalidConfiguration)
    }
    links.withLock { links in
      links.resultName = root
      guard smaller.inputRequest == model.request, smaller.modelReference == model.reference else { return }
      links.remarks = [
        StageFault(
          PipelineError(
            "'\(stage)' runs the model of '\(settings.of)' at the same shape: it finds what that one has found",
            remedy: "give it a larger shape or another model", stage: stage, code: .invalidConfiguration),
          key: "cascade.of")
      ]
    }
  }

  private func smaller(_ settings: CascadeSettings, _ peers: StagePeers) throws(PipelineError) -> any CascadeMember {
    let of = settings.of
    let known = peers.upstream.filter { peers.stages[$0] is any CascadeMember }
    let remedy =
      NearestName.suggestion(for: of, among: known).map { "did you mean '\($0)'?" }
      ?? (known.isEmpty
        ? "add a smaller detect stage before it" : "detecting stages before it: \(known.joined(separator: ", "))")
    func refuse(_ what: String) -> PipelineError {
      PipelineError(
        "the cascade of '\(stage)' is of \(Quoted.text(of)), which \(what)", remedy: remedy, code: .invalidConfiguration
      )
    }
    guard let found = peers.stages[of] else { throw refuse("is not a stage") }
    guard let member = found as? any CascadeMember else { throw refuse("does not run a model") }
    guard peers.upstream.contains(of) else { throw refuse("does not come before it") }
    return member
  }

  /// The first of several cascades behind each other has given the results their name.
  private static func root(_ of: String, _ peers: StagePeers) -> String {
    var root = of
    for _ in peers.upstream {
      guard let before = (peers.stages[root] as? any GatedConsumer)?.gate.cascade?.of else { break }
      root = before
    }
    return root
  }

  private func tracker(behind smaller: String, of root: String, _ peers: StagePeers) -> String? {
    guard let place = peers.upstream.firstIndex(of: smaller) else { return nil }
    return peers.upstream[place...].first { id in
      peers.stages[id]?.interface.follows.map { $0.stages?.contains(root) ?? true } ?? false
    }
  }

  // MARK: - On frames

  static func crops(of stage: String, on frame: Frame) -> [CropInputs.Crop]? {
    (frame.attachment(CropInputs.key(of: stage)) as? CropInputs)?.crops
  }

  func hang(_ candidates: [Detection], on frame: inout Frame) {
    frame.attach(DoubtfulCandidates(candidates), for: DoubtfulCandidates.key(of: stage))
  }

  /// Gives the frame what the stage has found: as its own results, or in the place of the smaller one's.
  ///
  /// - Parameters:
  ///   - labels: what it can find.
  ///   - places: where its model ran, if it has several places.
  func attach(
    _ detections: [Detection], finding labels: Set<String>, at places: [String: String], to frame: inout Frame
  ) {
    guard let settings, let name = resultName else {
      return frame.attach(StageResults(stage: stage, detections: detections, places: places))
    }
    let before = frame.results.first { $0.stage == name }
    let crops = Self.crops(of: stage, on: frame)?.map(\.place)
    frame.detach(CropInputs.key(of: stage))
    let joined = CascadeResults.joined(smaller: before?.detections ?? [], larger: detections, of: stage) { detection in
      settings.resultRule == .replace && labels.contains(detection.label)
        && crops?.contains { $0.holds(detection.box) } ?? true
    }
    frame.attach(
      StageResults(
        stage: name, revision: (before?.revision ?? 0) + 1, detections: joined, refinedBy: stage,
        places: (before?.places ?? [:]).merging(places) { $1 }))
  }
}

/// A stage that can be the smaller one of a cascade.
protocol CascadeMember: GatedConsumer {
  /// As its options name it.
  var modelReference: String { get }
}

extension DetectYOLO: CascadeMember {
  var modelReference: String { core.initial.model.reference }
}

extension DetectFace: CascadeMember {
  var modelReference: String { core.initial.model.reference }
}
