import EdgepipeCore
import Pipeline

/// Puts decoded pictures out as the frames of one stream: turned upright, numbered and dated.
final class FrameEmitter {
  private let stream: StreamInfo
  private let context: StageContext
  /// The frames come at a speed of their own.
  private let isPaced: Bool
  private let deadlineMs: Double?
  private let output: any SourceOutput
  private let maxFrames: Int?
  private let recording: DecoderRecording?
  private let facts: SourceFacts?
  private var notes = PictureNotes()
  private var turner = PictureRotator()
  private var deadline: MonotonicTime?
  /// Frames put out so far, whatever became of them: the next frame's sequence number.
  private(set) var count = 0
  private var first: MediaTime?
  private var latest: MediaTime?

  init(
    stream: StreamInfo, context: StageContext, isPaced: Bool, output: any SourceOutput, maxFrames: Int?,
    recording: DecoderRecording? = nil, facts: SourceFacts? = nil
  ) {
    self.stream = stream
    self.context = context
    deadlineMs = stream.isLive ? stream.deadlineMs ?? context.deadlineMs : nil
    self.isPaced = isPaced
    self.output = output
    self.maxFrames = maxFrames
    self.recording = recording
    self.facts = facts
  }

  /// - Returns: false when the run is ending or `maxFrames` have been put out.
  func emit(
    _ picture: DecodedPicture, orientation: Orientation?, mediaTime: MediaTime, captured: CaptureInstant,
    source: String,
    discontinuity: Int = 0
  ) throws(PipelineError) -> Bool {
    let upright = try turner.upright(picture, orientation)
    for (key, value) in notes.note(upright) ?? [:] { facts?.note(key, value) }
    // Pictures that the decoder reorders were captured in another order; deadlines must not fall.
    if let budget = deadlineMs {
      let due = captured.monotonic.advanced(byMilliseconds: budget)
      deadline = max(deadline ?? due, due)
    }
    let header = FrameHeader(
      stream: stream, sequence: count, mediaTime: mediaTime, captured: captured.monotonic, capturedWall: captured.wall,
      deadline: deadline, source: source, width: upright.width, height: upright.height, discontinuity: discontinuity,
      detectionShare: context.detectionShare(isPaced: isPaced))
    count += 1
    first = first ?? mediaTime
    latest = mediaTime
    recording?.picture(orientation)
    if output.emit(Frame(header: header, image: upright)) == .stopped { return false }
    return maxFrames.map { count < $0 } ?? true
  }

  /// Where the stream will end: with its input, or with `maxFrames` at the pace of its frames so far.
  ///
  /// - Parameter inputEnd: nil where it is not known.
  func end(of inputEnd: MediaTime?) -> MediaTime? {
    guard let maxFrames, let first, let latest else { return inputEnd }
    if count >= maxFrames { return latest }
    guard count > 1, latest > first else { return inputEnd }
    let pace = (latest.seconds - first.seconds) / Double(count - 1)
    let end = MediaTime(seconds: latest.seconds + pace * Double(maxFrames - count))
    return inputEnd.map { min($0, end) } ?? end
  }
}
