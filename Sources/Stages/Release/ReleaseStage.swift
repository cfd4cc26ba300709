public import EdgepipeCore
import Foundation
public import Pipeline
import Synchronization

/// Releases counts of zones under differential privacy, and nothing else: visits, time spent and lengths of stays, a stream and
/// period at a time, with noise that hides what any one person did.
///
/// Input: frames with the events `zone.enter` and `zone.leave` of an `analytics.zones` before it, in order, and detections where
/// `objects` are released. Output: the same frames without picture, detections, tracks and other events (unless `strip` is
/// false), and with a `privacy.release` event for each zone and class once a period is over. Drops: nothing.
///
/// The noise is discrete Laplace noise (``DiscreteLaplace``). A person is taken to be at most `tracksPerPerson` tracks of a stream in a period, of each
/// of which at most `visitsPerTrack` visits and `staySPerTrack` seconds count, over all zones. Each release of a stream costs `epsilon`;
/// once the budget of a day is spent, there is a `privacy.refused` event instead.
///
/// Trade-off: a smaller `epsilon` protects better and says less; longer periods and lower bounds make the noise small beside the
/// numbers, and bounds that are too low cut them.
///
/// ```json
/// { "id": "release", "type": "privacy.release", "after": ["zones"],
///   "config": { "zones": ["door"], "epsilon": 1, "periodS": 900 } }
/// ```
public final class ReleaseStage: FrameStage {
  public static let type = "privacy.release"
  public static let summary = "Releases counts of zones with noise that hides what any one person did."
  public static let role = StageRole.transform

  private struct Counts {
    var releases = 0
    var refused = 0
  }

  fileprivate let configuration: Configuration
  fileprivate let context: StageContext
  fileprivate let noise: ReleaseNoise
  private let counts = Mutex(Counts())
  private let path: String
  public let interface: StageInterface

  public init(_ configuration: Configuration, context: StageContext) throws {
    self.configuration = configuration
    self.context = context
    noise = try configuration.checkedNoise(stage: context.id)
    path =
      configuration.budget.path
      ?? "\(StateFolder.usual())/privacy/\(FileName.text(of: context.pipeline)).\(FileName.text(of: context.id)).budget"
    var interface = StageInterface()
    interface.wishes = [NameWish(.shapes, configuration.zones, key: "zones")]
    self.interface = interface
  }

  public func files(for streams: [String]) -> [FileUse] {
    [.writes(path, as: "the privacy budget of '\(context.id)'")]
  }

  public func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker {
    // Numbers that were released once are not released again with other noise.
    if context.isReplay { return Worker(self, budget: nil) }
    try OutputPath.makePrivateFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    return Worker(
      self,
      budget: try PrivacyBudget(path: path, rules: configuration.budget.rules, place: .here))
  }

  public var facts: [String: ReportValue] {
    let counts = counts.withLock { $0 }
    return ["releases": .int(counts.releases), "refused": .int(counts.refused), "budget": .string(path)]
  }

  private final class Worker: FrameWorker {
    private struct StreamState {
      var tally: VisitTally
      /// Of each class, in the last frame that a detector has looked at.
      var objects: [String: Int] = [:]
      var began: MediaTime
      var beganWall: WallTime
    }

    private let stage: ReleaseStage
    private let budget: PrivacyBudget?
    private var streams = StreamTable<StreamState>()
    private var random = SystemRandomNumberGenerator()

    init(_ stage: ReleaseStage, budget: PrivacyBudget?) { (self.stage, self.budget) = (stage, budget) }

    func process(_ frame: Frame) throws -> FrameOutcome {
      let header = frame.header, events = frame.events
      let objects = objects(in: frame)
      var frame = frame
      if stage.configuration.strip { frame.removeContents() }
      var released: [FrameEvent] = []
      var failure: (any Error)?
      streams.update(header) {
        start(header)
      } restart: { state in
        // What was counted of a period that broke off is not released.
        state = start(header)
      } body: { state in
        for event in events { note(event, at: header.mediaTime, &state.tally) }
        if let objects { state.objects = objects }
        guard header.mediaTime.nanoseconds(since: state.began) >= stage.configuration.periodNanoseconds else { return }
        do { released = try release(&state, header) } catch { failure = error }
        (state.began, state.beganWall) = (header.mediaTime, header.capturedWall)
        // What one period showed is never released as another's.
        state.objects = [:]
      }
      if let failure { throw failure }
      for event in released { frame.add(event) }
      return .emit(frame)
    }

    private func start(_ header: FrameHeader) -> StreamState {
      StreamState(
        tally: VisitTally(
          zones: stage.configuration.zones, edges: stage.configuration.stayEdgesS, bounds: stage.configuration.bounds),
        began: header.mediaTime, beganWall: header.capturedWall)
    }

    /// How many of each class were found, by the stage that found most; nil where none is released, or nobody has looked.
    private func objects(in frame: Frame) -> [String: Int]? {
      guard !stage.configuration.classes.isEmpty, !frame.results.isEmpty else { return nil }
      var most: [String: Int] = [:]
      for result in frame.results {
        for label in stage.configuration.classes {
          most[label] = max(most[label] ?? 0, result.detections.count { $0.label == label })
        }
      }
      return most
    }

    private func note(_ event: FrameEvent, at time: MediaTime, _ tally: inout VisitTally) {
      guard let track = event.track, case .string(let zone)? = event.value("zone"),
        case .string(let stage)? = event.value("found_by")
      else { return }
      let name = VisitTally.TrackName(stage: stage, track: track)
      switch event.kind {
      case "zone.enter": tally.enter(zone, name, at: time)
      case "zone.leave":
        guard case .double(let stay)? = event.value("dwell_s") else { return }
        tally.leave(zone, name, staySeconds: stay, at: time)
      default: break
      }
    }

    private func release(_ state: inout StreamState, _ header: FrameHeader) throws -> [FrameEvent] {
      let isOverfull = state.tally.isOverfull
      let zones = state.tally.finish(at: header.mediaTime)
      guard let budget else { return [] }
      let times: [FrameEvent.Field] = [
        .init("from", .string(state.beganWall.iso8601)), .init("until", .string(header.capturedWall.iso8601)),
      ]
      guard !isOverfull, try budget.spend(stage.configuration.epsilonMillionths) else {
        stage.counts.withLock { $0.refused += 1 }
        let why = isOverfull ? "too many tracks" : "the budget of epsilon is spent"
        let reason = FrameEvent.Field("reason", .string(why))
        return [FrameEvent(stage: stage.context.id, kind: "privacy.refused", fields: times + [reason])]
      }
      stage.counts.withLock { $0.releases += 1 }
      let id = stage.context.id
      var events: [FrameEvent] = []
      for name in zones.keys.sorted() {
        guard let numbers = zones[name] else { continue }
        let fields = stage.noise.fields(numbers, using: &random)
        events.append(
          FrameEvent(stage: id, kind: "privacy.release", fields: [.init("zone", .string(name))] + times + fields))
      }
      for label in stage.configuration.classes {
        guard let fields = stage.noise.fields(objects: state.objects[label] ?? 0, using: &random) else { continue }
        events.append(FrameEvent(stage: id, kind: "privacy.release", label: label, fields: times + fields))
      }
      return events
    }
  }
}

extension FrameEvent {
  fileprivate func value(_ key: String) -> ReportValue? { fields.first { $0.key == key }?.value }
}
