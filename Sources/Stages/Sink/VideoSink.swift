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

  private struct Counts {
    var frames = 0
    var files: [String] = []
    var encoder = ""
  }

  private let configuration: Configuration
  private let context: StageContext
  private let counts = Mutex(Counts())

  public init(_ configuration: Configuration, context: StageContext) throws {
    try OutputPath.checkFile(configuration.path.replacingOccurrences(of: StreamPlaces.placeholder, with: "_"))
    self.configuration = configuration
    self.context = context
  }

  public func adjustment(for configuration: Configuration) -> AnnotationSettings { configuration.annotation }

  public func files(for streams: [String]) -> [FileUse] {
    streams.map {
      .writes(StreamPlaces.place(configuration.path, of: $0), as: "the video of stream '\($0)' in '\(context.id)'")
    }
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
    let video: AnnotatedVideo
    let writer: FragmentedMP4Writer
  }

  private final class Worker: FrameWorker {
    let stage: VideoSink
    var annotation: AdjustedOptions<AnnotationSettings>
    var annotator: Annotator
    var outputs: [String: Output] = [:]
    var places: StreamPlaces
    /// After a failed write the rest of the file is not tried.
    var hasFailed = false

    init(stage: VideoSink) {
      self.stage = stage
      annotation = AdjustedOptions(of: stage.context.id, initial: stage.configuration.annotation)
      annotator = Annotator(stage.configuration.annotation)
      places = StreamPlaces(
        stage.configuration.path, remedy: "put {stream} into the path: one file is written for each")
    }

    func process(_ frame: Frame) throws -> FrameOutcome {
      let picture = try frame.decodedPicture()
      if annotation.follow(frame) { annotator = Annotator(annotation.value) }
      let id = frame.header.stream.id
      let output = try outputs[id] ?? open(frame.header, picture)
      outputs[id] = output
      do {
        try unsafe output.video.encode(
          frame, picture, at: output.video.time(of: frame.header), annotator: &annotator
        ) { try unsafe output.writer.write($0) }
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
          try unsafe output.video.finish { try unsafe output.writer.write($0) }
          try output.writer.finish()
        } catch { first = first ?? error }
      }
      if let first { throw first }
    }

    private func open(_ header: FrameHeader, _ picture: DecodedPicture) throws(PipelineError) -> Output {
      let configuration = stage.configuration
      let path = try places.place(for: header.stream.id)
      try OutputPath.makeParent(of: path)
      let video = try AnnotatedVideo(
        like: picture,
        .init(
          preset: configuration.preset, crf: configuration.crf, threads: configuration.threads,
          height: configuration.height), context: stage.context)
      let writer = try FragmentedMP4Writer(path: path, encoder: video.encoder)
      stage.counts.withLock {
        $0.files.append(path)
        $0.encoder = video.encoder.name
      }
      return Output(video: video, writer: writer)
    }
  }
}
