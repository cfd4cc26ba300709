public import EdgepipeCore
public import Pipeline
import Synchronization

/// Notices that a camera sees nothing, or not what it should: its picture is covered, frozen, blurred, dark, glaring or
/// turned. Each picture is judged by the stream's own past.
///
/// Input: frames with pixels; some of each second are looked at. Output: the same frames; the one in which a fault is
/// noticed has an event `fault`, the one in which it is over `recovered`, so that sinks can add a picture. Drops: nothing.
///
/// Trade-off: a longer `holdS` keeps a lorry that passes close by from being a fault, and notices a fault later. A shorter
/// `adaptS` follows quicker changes of the light, and forgets sooner what the usual view is.
///
/// ```json
/// { "id": "watch", "type": "monitor.picture", "after": ["camera"], "config": { "faults": ["covered", "turned"] } }
/// ```
public final class PictureMonitor: FrameStage {
  public struct Configuration: StageConfiguration {
    public static let faultWords = PictureFault.allCases.map(\.rawValue)

    public var faults = faultWords
    public var everyMs = 500.0
    public var learnS = 20.0
    public var holdS = 8.0
    public var frozenS = 15.0
    public var clearS = 5.0
    public var adaptS = 300.0
    public var acceptS = 600.0

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "faults", \.faults, .list(.word(faultWords), count: 1...faultWords.count), "The faults to tell."),
      .init("everyMs", \.everyMs, .number(50...10_000), "Milliseconds of media time from one look to the next."),
      .init(
        "learnS", \.learnS, .number(1...86_400), "Seconds at the beginning of a stream in which nothing is told."),
      .init("holdS", \.holdS, .number(0...3600), "Seconds for which signs must last to become a fault."),
      .init("frozenS", \.frozenS, .number(1...3600), "Seconds for which the picture must stand still."),
      .init("clearS", \.clearS, .number(0...3600), "Seconds without signs after which a fault is over."),
      .init(
        "adaptS", \.adaptS, .number(10...86_400),
        "Time constant in seconds with which what is usual follows slow changes, such as daylight."),
      .init(
        "acceptS", \.acceptS, .number(10...604_800), "Seconds after which a turned camera's new view becomes the usual."
      ),
    ]

    public init() {}
  }

  public static let type = "monitor.picture"
  public static let summary = "Notices that a camera is covered, frozen, blurred, dark, glaring or turned."
  public static let role = StageRole.transform
  public static let needsImage = true

  fileprivate struct Counts {
    var looks = 0
    var unreadable = 0
    var faults: [PictureFault: Int] = [:]
  }

  fileprivate let configuration: Configuration
  fileprivate let reported: Set<PictureFault>
  fileprivate let context: StageContext
  fileprivate let counts = Mutex(Counts())

  public init(_ configuration: Configuration, context: StageContext) throws {
    self.configuration = configuration
    self.context = context
    reported = Set(configuration.faults.compactMap(PictureFault.init(rawValue:)))
  }

  public func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(stage: self) }

  public var tips: [StageTip] { [StageTip(nil, "fewer looks: a higher \(context.id).everyMs")] }

  /// Over all streams: pictures that were looked at, and how often each fault was noticed.
  public var facts: [String: ReportValue] {
    counts.withLock { counts in
      [
        "looks": .int(counts.looks), "unreadable": .int(counts.unreadable),
        "faults": .object(
          Dictionary(
            reported.map { ($0.rawValue, .int(counts.faults[$0] ?? 0)) }, uniquingKeysWith: { first, _ in first })
        ),
      ]
    }
  }

  private final class Worker: FrameWorker {
    let stage: PictureMonitor
    let grey = GreyPicture()
    var streams = StreamTable<WatchedPicture>()

    init(stage: PictureMonitor) { self.stage = stage }

    func process(_ frame: Frame) -> FrameOutcome {
      var frame = frame
      let header = frame.header
      streams.update(header) {
        stage.context.faults.watch(stage.configuration.faults, stage: stage.context.id, stream: header.stream.id)
        return WatchedPicture(stage.configuration, stage.reported, header)
      } restart: { picture in
        if let end = picture.restart(header) { tell(end, picture, &frame) }
      } body: { picture in
        guard picture.isDue(header) else { return }
        look(&picture, &frame)
      }
      return .emit(frame)
    }

    private func look(_ picture: inout WatchedPicture, _ frame: inout Frame) {
      guard let image = frame.image as? DecodedPicture, grey.read(image) else {
        stage.noteUnreadable(frame.header)
        return
      }
      stage.counts.withLock { $0.looks += 1 }
      for change in picture.take(grey, at: Moment(frame.header)) { tell(change, picture, &frame) }
    }

    private func tell(_ change: FaultLatch<PictureFault>.Change, _ picture: WatchedPicture, _ frame: inout Frame) {
      if case .begins(let fault, _) = change { stage.counts.withLock { $0.faults[fault, default: 0] += 1 } }
      frame.add(
        stage.context.tell(picture.told(change, stage: stage.context.id, stream: frame.header.stream.id)))
    }
  }

  private func noteUnreadable(_ header: FrameHeader) {
    let isFirst = counts.withLock { counts in
      counts.unreadable += 1
      return counts.unreadable == 1
    }
    guard isFirst else { return }
    context.logger.warning(
      """
      pictures of '\(header.stream.id)' cannot be watched: their pixels are not in memory, or have no plane of \
      brightness; choose another pixel format at the source
      """)
  }
}

extension Moment {
  init(_ header: FrameHeader) { self.init(time: header.mediaTime, wall: header.capturedWall) }
}
