public import EdgepipeCore
import Foundation
public import Pipeline
import Synchronization

/// Writes the pictures with everything that was found drawn on them, as H.264 in a fragmented MP4 file.
///
/// Input: frames with pixels. Output: one file, or one a stream where the path contains `{stream}`; frame times are
/// the media times. Drops: nothing. A picture whose size changes is scaled to the file's first size.
///
/// Trade-off: encoding is the most expensive part of most pipelines that have it; `preset` trades time for file size
/// (1080p street scene, crf 23: ultrafast 15 ms of CPU and 16 kB a frame, superfast 37 ms and 19 kB, veryfast 55 ms and
/// 8 kB, at nearly the same SSIM, so the default is ultrafast), `height` makes smaller pictures. A killed run leaves a
/// file that plays up to about its last second.
///
/// ```json
/// { "id": "video", "type": "sink.video", "after": ["tracks"], "config": { "path": "out/{stream}.mp4", "crf": 23 } }
/// ```
public final class VideoSink: FrameStage, AdjustableStage {
  public struct Configuration: StageConfiguration {
    public var path = ""
    public var preset = "ultrafast"
    public var crf = 23
    public var threads = 1
    public var height: Int?
    public var annotation = AnnotationSettings()

    public static let presets = [
      "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
    ]

    public static let options: [ConfigurationOption<Self>] =
      [
        .init("path", \.path, .string, required: true, "The MP4 file; `{stream}` stands for the stream's id."),
        .init("preset", \.preset, .word(presets), "The encoder's speed; slower presets produce smaller files."),
        .init("crf", \.crf, .integer(0...51), "Constant rate factor: lower is better and larger."),
        .init("threads", \.threads, .integer(1...64), "Encoder threads per file."),
        .init(
          "height", \.height, .integer(16...8192), "Height of the video in pixels; by default that of the pictures."),
      ] + AnnotationSettings.options.map { $0.of(\.annotation) }

    public init() {}

    public init(path: String) { self.path = path }
  }

  public static let type = "sink.video"
  public static let summary = "Writes an H.264 MP4 file with boxes, labels, tracks and faces drawn."
  public static let role = StageRole.sink
  public static let needsImage = true

  /// Media time between key frames, and so the most that a kill costs beside what the encoder holds back.
  static let keyFrameTicks = Int64(VideoEncoder.ticksPerSecond)

  private struct Counts {
    var frames = 0
    var files: [String] = []
    var encoder = ""
  }

  private let configuration: Configuration
  private let context: StageContext
  private let counts = Mutex(Counts())

  public init(_ configuration: Configuration, context: StageContext) throws {
    try OutputPath.checkFile(configuration.path.replacingOccurrences(of: "{stream}", with: "_"))
    self.configuration = configuration
    self.context = context
  }

  public func adjustment(for configuration: Configuration) -> AnnotationSettings { configuration.annotation }

  public func files(for streams: [String]) -> [FileUse] {
    streams.map { .writes(Self.path(configuration.path, of: $0), as: "the video of stream '\($0)' in '\(context.id)'") }
  }

  /// The file of a stream.
  private static func path(_ template: String, of stream: String) -> String {
    template.replacingOccurrences(of: "{stream}", with: OutputPath.fileName(for: stream))
  }

  public func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(stage: self) }

  public var tips: [StageTip] {
    var tips: [StageTip] = []
    let fastest = Configuration().preset
    if configuration.preset != fastest {
      tips.append(StageTip("preset=\(fastest)", "now \(configuration.preset); the files become larger"))
    }
    if configuration.threads == 1 { tips.append(StageTip("threads=2", "encodes on two cores", if: .freeCores)) }
    let height = configuration.height.map { "now \($0)" } ?? "now that of the pictures"
    return tips + [StageTip(nil, "a lower \(context.id).height: \(height)")]
  }

  public var facts: [String: ReportValue] {
    counts.withLock {
      [
        "frames": .int($0.frames), "files": .list($0.files.map { .string($0) }), "encoder": .string($0.encoder),
        "preset": .string(configuration.preset), "threads": .int(configuration.threads),
      ]
    }
  }

  /// One file being written.
  private struct Output {
    let picture: PictureCopy
    let encoder: VideoEncoder
    let writer: FragmentedMP4Writer
    let sourceWidth: Int
    let sourceHeight: Int
    var timeline = VideoTimeline()
    var nextKeyTicks: Int64 = 0
    var hasWarned = false
  }

  private final class Worker: FrameWorker {
    let stage: VideoSink
    var annotation: AdjustedOptions<AnnotationSettings>
    var annotator: Annotator
    var outputs: [String: Output] = [:]
    /// After a failed write the rest of the file is not tried.
    var hasFailed = false

    init(stage: VideoSink) {
      self.stage = stage
      annotation = AdjustedOptions(of: stage.context.id, initial: stage.configuration.annotation)
      annotator = Annotator(stage.configuration.annotation)
    }

    func process(_ frame: Frame) throws -> FrameOutcome {
      guard let picture = frame.image as? DecodedPicture else {
        throw PipelineError(
          "frame \(frame.header.sequence) of '\(frame.header.stream.id)' arrived without its picture",
          code: .internalFault)
      }
      if annotation.follow(frame) { annotator = Annotator(annotation.value) }
      let id = frame.header.stream.id
      var output = try outputs.removeValue(forKey: id) ?? open(frame.header, picture)
      defer { outputs[id] = output }
      if picture.width != output.sourceWidth || picture.height != output.sourceHeight, !output.hasWarned {
        output.hasWarned = true
        stage.context.logger.warning(
          "the picture's size changed; it is scaled to the size of the file",
          metadata: [
            "stream": "\(id)", "size": "\(picture.width)x\(picture.height)",
            "file": "\(output.picture.width)x\(output.picture.height)",
          ])
      }
      try output.picture.fill(from: picture)
      output.picture.withCanvas { annotator.draw(frame, on: $0) }

      let ticks = output.timeline.next(frame.header.mediaTime)
      let isKey = ticks >= output.nextKeyTicks
      if isKey { output.nextKeyTicks = ticks + VideoSink.keyFrameTicks }
      do {
        try unsafe output.encoder.encode(output.picture, time: ticks, isKey: isKey) {
          try unsafe output.writer.write($0)
        }
      } catch {
        hasFailed = true
        throw error
      }
      stage.counts.withLock { $0.frames += 1 }
      return .emit(frame)
    }

    func finish() throws {
      defer { outputs.removeAll() }
      if hasFailed { return }
      var first: (any Error)?
      for output in outputs.values {
        do {
          try unsafe output.encoder.encode(nil) { try unsafe output.writer.write($0) }
          try output.writer.finish()
        } catch { first = first ?? error }
      }
      if let first { throw first }
    }

    private func open(_ header: FrameHeader, _ picture: DecodedPicture) throws(PipelineError) -> Output {
      let configuration = stage.configuration
      let path = try path(for: header.stream.id)
      try OutputPath.makeParent(of: path)
      var (width, height) = (picture.width, picture.height)
      if let wanted = configuration.height {
        width = max(2, Int((Double(width) * Double(wanted) / Double(max(1, height))).rounded()))
        height = wanted
      }
      let tags = VideoTags(of: picture)
      let copy = try PictureCopy(width: width, height: height, color: tags.color)
      let encoder = try VideoEncoder(
        .init(
          width: copy.width, height: copy.height, preset: configuration.preset, crf: configuration.crf,
          threads: configuration.threads, tags: tags),
        stage: stage.context.id, census: stage.context.threads)
      if encoder.name != VideoEncoder.candidates[0] {
        stage.context.logger.warning(
          "\(VideoEncoder.candidates[0]) is not available; 'preset' and 'crf' have no effect",
          metadata: ["encoder": "\(encoder.name)"])
      }
      let writer = try FragmentedMP4Writer(path: path, encoder: encoder)
      stage.counts.withLock {
        $0.files.append(path)
        $0.encoder = encoder.name
      }
      return Output(
        picture: copy, encoder: encoder, writer: writer, sourceWidth: picture.width,
        sourceHeight: picture.height)
    }

    private func path(for stream: String) throws(PipelineError) -> String {
      let template = stage.configuration.path
      guard template.contains("{stream}") else {
        if let other = outputs.keys.first {
          throw PipelineError(
            "'\(template)' contains the stream '\(other)', but the stream '\(stream)' arrived as well",
            remedy: "put {stream} into the path: one file is written for each", code: .invalidConfiguration)
        }
        return template
      }
      let name = OutputPath.fileName(for: stream)
      let taken = stage.counts.withLock { Set($0.files) }
      // Two ids may give one file name.
      for suffix in 1... {
        let path = template.replacingOccurrences(of: "{stream}", with: suffix == 1 ? name : "\(name)-\(suffix)")
        if !taken.contains(path) { return path }
      }
      return template
    }
  }
}
