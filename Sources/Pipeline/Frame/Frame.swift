public import EdgepipeCore

/// What is known of a frame when it enters, and never changes.
public final class FrameHeader: Sendable {
  public let stream: StreamInfo
  /// Counts from 0 in each stream.
  public let sequence: Int
  public let mediaTime: MediaTime
  /// When the packet that completed the frame came out of the demuxer.
  public let captured: MonotonicTime
  /// `captured` on the wall clock, for output.
  public let capturedWall: WallTime
  /// Live only: `captured` plus the budget of the stream or the pipeline. Never falls within a stream.
  public let deadline: MonotonicTime?
  /// Where the picture came from, with any password redacted: a URL, a path, or a file's name in a folder.
  public let source: String
  /// In pixels, after rotation.
  public let width: Int
  /// In pixels, after rotation.
  public let height: Int
  /// Counts the breaks of the stream so far: lost connections and times that jump. When it rises, what is known from
  /// the frames before, such as tracks, no longer holds.
  public let discontinuity: Int
  /// The share, in 0...1, of frames at which detectors may look, of those that their settings allow; below 1 while power
  /// is scarce.
  public let detectionShare: Double

  public init(
    stream: StreamInfo, sequence: Int, mediaTime: MediaTime, captured: MonotonicTime, capturedWall: WallTime,
    deadline: MonotonicTime? = nil, source: String, width: Int, height: Int, discontinuity: Int = 0,
    detectionShare: Double = 1
  ) {
    self.stream = stream
    self.sequence = sequence
    self.mediaTime = mediaTime
    self.captured = captured
    self.capturedWall = capturedWall
    self.deadline = deadline
    self.source = source
    self.width = width
    self.height = height
    self.discontinuity = discontinuity
    self.detectionShare = detectionShare
  }
}

/// One decoded picture on its way through the graph, with the results so far.
///
/// A value: branches of a fan-out each carry their own, and a join merges them. Copies share what they hold until one of
/// them is changed, since a frame passes through many hands and is changed by few.
public struct Frame: Sendable {
  private struct Contents: Sendable {
    let header: FrameHeader
    var options: ChangedOptions?
    var isWatched = false
    var image: (any FrameImage)?
    var results: [StageResults] = []
    var events: [FrameEvent] = []
    var attachments: [(key: String, value: any FrameAttachment)] = []

    mutating func attach(_ result: StageResults) {
      if let index = results.firstIndex(where: { $0.stage == result.stage }) {
        if result.revision >= results[index].revision { results[index] = result }
      } else {
        results.append(result)
      }
    }
  }

  private final class Box: Sendable {
    let contents: Contents

    init(_ contents: Contents) { self.contents = contents }
  }

  private var box: Box

  public init(header: FrameHeader, image: (any FrameImage)?) {
    box = Box(Contents(header: header, image: image))
  }

  private mutating func change(_ body: (inout Contents) -> Void) {
    var contents = box.contents
    body(&contents)
    box = Box(contents)
  }

  public var header: FrameHeader { box.contents.header }

  /// The options that had changed when the frame was admitted; nil where none had.
  public package(set) var options: ChangedOptions? {
    get { box.contents.options }
    set { if newValue !== box.contents.options { change { $0.options = newValue } } }
  }

  /// Somebody watches the stream and wants this frame with its picture at the end.
  var isWatched: Bool {
    get { box.contents.isWatched }
    set { if newValue != box.contents.isWatched { change { $0.isWatched = newValue } } }
  }

  /// The pixels. Nil once no stage further on needs them.
  public var image: (any FrameImage)? {
    get { box.contents.image }
    set { if newValue != nil || box.contents.image != nil { change { $0.image = newValue } } }
  }

  /// What detectors found, one entry a stage, in the order in which they ran.
  public var results: [StageResults] { box.contents.results }
  /// What rules saw, in the order in which they ran.
  public var events: [FrameEvent] { box.contents.events }

  /// Every detection of every stage, in stage order.
  public var detections: [Detection] { results.flatMap(\.detections) }

  /// Adds a stage's results, or replaces those of the same stage by a later revision.
  public mutating func attach(_ result: StageResults) { change { $0.attach(result) } }

  public mutating func add(_ event: FrameEvent) { change { $0.events.append(event) } }

  public mutating func attach(_ value: any FrameAttachment, for key: String) {
    change { contents in
      contents.attachments.removeAll { $0.key == key }
      contents.attachments.append((key, value))
    }
  }

  public func attachment(_ key: String) -> (any FrameAttachment)? {
    box.contents.attachments.first { $0.key == key }?.value
  }

  /// Every attachment of one type, in the order in which they were attached.
  public func attachments<Value: FrameAttachment>(of type: Value.Type) -> [Value] {
    box.contents.attachments.compactMap { $0.value as? Value }
  }

  /// Drops an attachment that no stage further on needs, so that its memory returns to the pool.
  public mutating func detach(_ key: String) {
    if attachment(key) != nil { change { $0.attachments.removeAll { $0.key == key } } }
  }

  /// Takes the picture and all that was found off the frame; its header stays.
  package mutating func removeContents() {
    change { contents in
      contents.image = nil
      (contents.results, contents.events, contents.attachments) = ([], [], [])
    }
  }

  /// Takes over what another branch of the same frame found.
  mutating func merge(_ other: Frame) {
    let theirs = other.box.contents
    change { ours in
      if ours.image == nil { ours.image = theirs.image }
      for result in theirs.results { ours.attach(result) }
      // Both branches carry what was seen before they parted.
      for event in theirs.events where !ours.events.contains(event) { ours.events.append(event) }
      for (key, value) in theirs.attachments where !ours.attachments.contains(where: { $0.key == key }) {
        ours.attachments.append((key, value))
      }
    }
  }
}
