import CFFmpeg
import EdgepipeCore
import Logging
import Pipeline

/// One stream's pictures on their way into a video: copied, drawn on, encoded. Used by one thread.
///
/// A picture whose size changes is scaled to the video's, which is that of the first.
final class AnnotatedVideo {
  struct Settings: Sendable, Hashable {
    var preset = "ultrafast"
    var crf = 23
    var threads = 1
    /// In pixels; that of the pictures when nil.
    var height: Int?
    /// No picture waits for another.
    var isLowDelay = false
    /// The most kilobits a second.
    var maxKbps: Int?
  }

  /// Media time between key frames.
  static let keyFrameTicks = Int64(VideoEncoder.ticksPerSecond)

  let encoder: VideoEncoder
  private let picture: PictureCopy
  private let sourceWidth: Int
  private let sourceHeight: Int
  private let logger: Logger
  private var timeline = VideoTimeline()
  private var nextKeyTicks: Int64 = 0
  private var hasWarned = false

  /// - Throws: as ``VideoEncoder``.
  init(like first: DecodedPicture, _ settings: Settings, context: StageContext) throws(PipelineError) {
    (sourceWidth, sourceHeight) = (first.width, first.height)
    logger = context.logger
    var (width, height) = (first.width, first.height)
    if let wanted = settings.height {
      width = max(2, Int((Double(width) * Double(wanted) / Double(max(1, height))).rounded()))
      height = wanted
    }
    let tags = VideoTags(of: first)
    picture = try PictureCopy(width: width, height: height, color: tags.color)
    encoder = try VideoEncoder(
      .init(
        width: picture.width, height: picture.height, preset: settings.preset, crf: settings.crf,
        threads: settings.threads, isLowDelay: settings.isLowDelay, maxKbps: settings.maxKbps, tags: tags),
      stage: context.id, census: context.threads)
    if encoder.name != VideoEncoder.candidates[0] {
      logger.warning(
        "\(VideoEncoder.candidates[0]) is not available; 'preset' and 'crf' have no effect",
        metadata: ["encoder": "\(encoder.name)"])
    }
  }

  /// The time of the next frame in ticks of 1/90000 s, from 0. Asked once for each frame, also for those that are left
  /// out.
  func time(of header: FrameHeader) -> Int64 { timeline.next(header.mediaTime) }

  /// Draws what was found, encodes, and lends each finished packet to `body`.
  ///
  /// - Parameters:
  ///   - image: that of the frame.
  ///   - ticks: higher than those of the picture before.
  ///   - isKey: asks for a key frame, beside the one a second.
  func encode(
    _ frame: Frame, _ image: DecodedPicture, at ticks: Int64, isKey: Bool = false, annotator: inout Annotator,
    _ body: (UnsafeMutablePointer<AVPacket>) throws -> Void
  ) throws {
    noteSize(of: image, stream: frame.header.stream.id)
    try picture.fill(from: image)
    picture.withCanvas { annotator.draw(frame, on: $0) }
    let isKey = isKey || ticks >= nextKeyTicks
    if isKey { nextKeyTicks = ticks + Self.keyFrameTicks }
    try unsafe encoder.encode(picture, time: ticks, isKey: isKey, body)
  }

  /// Lends what the encoder still holds to `body`.
  func finish(_ body: (UnsafeMutablePointer<AVPacket>) throws -> Void) throws { try unsafe encoder.encode(nil, body) }

  private func noteSize(of image: DecodedPicture, stream: String) {
    guard image.width != sourceWidth || image.height != sourceHeight, !hasWarned else { return }
    hasWarned = true
    logger.warning(
      "the picture's size changed; it is scaled to the size of the video",
      metadata: [
        "stream": "\(stream)", "size": "\(image.width)x\(image.height)", "video": "\(picture.width)x\(picture.height)",
      ])
  }
}
