import Detectors
public import EdgepipeCore
public import Pipeline
import Synchronization

/// Hides faces, other things and fixed areas: what comes after it gets pictures in which they cannot be seen.
///
/// Input: frames with pixels and detections, tracked or not, in order. Output: the same frames with other pictures; those in
/// which there is nothing to hide keep theirs. Drops: frames whose pictures cannot be written, counted as failed. Each frame
/// is kept back until `delayFrames` later ones of its stream have come, so that what is found in them is hidden before as
/// well.
///
/// Trade-off: a longer `delayFrames` hides faces that are found late, and delays everything after the stage by as many
/// frames; a longer `holdFrames` and a wider `margin` hide more of what a detector misses, and more of the picture. Pixels
/// that are pixelated or blurred still tell something; filled ones tell nothing.
///
/// ```json
/// { "id": "hide", "type": "privacy.anonymize", "after": ["faces"],
///   "config": { "classes": ["face"], "units": "relative",
///     "areas": [{ "name": "window", "points": [[0.7, 0], [1, 0], [1, 0.4], [0.7, 0.4]] }] } }
/// ```
public final class AnonymizeStage: FrameStage {
  public static let type = "privacy.anonymize"
  public static let summary = "Hides faces, chosen classes and fixed areas in the pictures for all stages after it."
  public static let role = StageRole.transform
  public static let needsImage = true

  private struct Counts {
    var pictures = 0
    var hidden = 0
    var boxes = 0
    var failed = 0
    var blind = 0
  }

  let configuration: Configuration
  let context: StageContext
  let areas: [HiddenArea]
  /// The labels that are hidden, in every spelling, and those of persons where their heads are.
  let labels: Set<String>
  let persons: Set<String>
  let outside: OutsideShapes
  /// Stages before it that detect what is hidden, for each kind of it: of each, one must look at a frame.
  private let lookers = Mutex<[Set<String>]>([])
  private let counts = Mutex(Counts())

  public init(_ configuration: Configuration, context: StageContext) throws {
    areas = try configuration.checkedAreas(stage: context.id)
    if configuration.classes.isEmpty, areas.isEmpty, !configuration.heads {
      throw PipelineError(
        "'\(context.id)' hides nothing: it has no classes, no areas and no heads", remedy: "add one of them",
        code: .invalidConfiguration)
    }
    self.configuration = configuration
    self.context = context
    labels = ClassName.spellings(configuration.classes)
    persons = configuration.heads ? ClassName.spellings(["person"]) : []
    outside = OutsideShapes(kind: "area", logger: context.logger)
  }

  public var interface: StageInterface {
    var interface = StageInterface()
    interface.heldFrames = configuration.delayFrames
    interface.anonymizes = true
    interface.hiding = hiding
    if !configuration.classes.isEmpty {
      interface.wishes.append(.labels(.foundLabels, configuration.classes, key: "classes"))
    }
    if configuration.heads { interface.wishes.append(.labels(.foundLabels, ["person"], key: "heads")) }
    for (index, area) in configuration.areas.enumerated() {
      guard let streams = area.streams else { continue }
      interface.wishes.append(
        NameWish(.streams, streams, key: "areas[\(index)].streams", asker: "its area '\(area.name)'"))
    }
    return interface
  }

  /// As ``connect(to:)`` takes detectors: those of `classes` together, those of persons apart.
  private var hiding: HidingRule? {
    let groups = [configuration.classes.map { ClassName.spellings([$0]) }, persons.isEmpty ? [] : [persons]]
    let wanted = groups.filter { !$0.isEmpty }
    guard !wanted.isEmpty else { return nil }
    return HidingRule(
      groups: wanted, delayFrames: configuration.delayFrames, holdFrames: configuration.holdFrames)
  }

  public func connect(to peers: StagePeers) {
    let wanted = [labels, persons].filter { !$0.isEmpty }.map { labels in
      Set(
        peers.upstream.filter { id in
          switch peers.stages[id]?.interface.finds {
          case .only(let found)?: !found.isDisjoint(with: labels)
          case .any?: true
          case nil: false
          }
        })
    }
    lookers.withLock { $0 = wanted.filter { !$0.isEmpty } }
  }

  /// For a worker, which asks at its beginning.
  var detectors: [Set<String>] { lookers.withLock { $0 } }

  public func makeWorker(_ worker: WorkerContext) -> any FrameWorker { AnonymizeWorker(self) }

  /// Pictures that came, those of them in which something is hidden, the boxes and areas that are, pictures that are hidden
  /// whole because no detector had looked, and frames that were lost because nothing could be hidden.
  public var facts: [String: ReportValue] {
    let counts = counts.withLock { $0 }
    var facts: [String: ReportValue] = [
      "pictures": .int(counts.pictures), "hidden_in": .int(counts.hidden), "boxes": .int(counts.boxes),
      "unwatched": .int(counts.blind), "unwritable": .int(counts.failed), "method": .string(configuration.method),
    ]
    facts["outside"] = outside.fact
    return facts
  }

  /// - Parameter boxes: hidden in the picture; 0: it stays as it is.
  func note(boxes: Int) {
    counts.withLock { counts in
      counts.pictures += 1
      counts.boxes += boxes
      if boxes > 0 { counts.hidden += 1 }
    }
  }

  /// A picture is hidden whole.
  func noteBlind(_ header: FrameHeader) {
    let isFirst = counts.withLock { counts in
      counts.blind += 1
      return counts.blind == 1
    }
    guard isFirst else { return }
    context.logger.warning(
      """
      no detector has looked at '\(header.stream.id)' for more than \(configuration.holdFrames) frames: pictures are hidden \
      whole, since nobody knows what is in them; let the detectors look more often, or raise holdFrames
      """)
  }

  func noteFailure() { counts.withLock { $0.failed += 1 } }
}
