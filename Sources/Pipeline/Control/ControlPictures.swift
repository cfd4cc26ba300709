import EdgepipeCore
import Foundation

/// Annotated pictures of one stream for one client. Nothing is encoded but what the client takes.
final class ControlPictures {
  static let heights = 16...4320
  static let standardHeight = 720
  private static let standardQuality = 6
  /// A stream without frames has no picture.
  private static let patienceMs = 5000.0

  private let runner: PipelineRunner
  private let stream: String
  private let height: Int
  private let renderer: any PictureRenderer
  private let everyMs: Double
  private var due = MonotonicTime(nanoseconds: .min)
  /// Frames of the stream that had been handed over when the last one was asked for; nil: none is asked for.
  private var asked: Int?
  /// When another one is asked for.
  private var askedAgain = MonotonicTime(nanoseconds: .max)

  /// - Throws: ``PipelineError`` `invalidArgument` for a stream that is not there, or values out of range.
  init(_ message: ControlMessage, _ runner: PipelineRunner, every: Double) throws(PipelineError) {
    guard let rendering = runner.rendering else {
      throw PipelineError("this run makes no pictures", code: .unsupported)
    }
    stream = try message.need("stream")
    guard runner.hasStream(stream) else {
      throw PipelineError(
        "there is no stream \(Quoted.text(stream))", remedy: "'list' names the streams", code: .invalidArgument)
    }
    let height = try message.number("height") ?? Double(Self.standardHeight)
    let quality = try message.number("quality") ?? Double(Self.standardQuality)
    guard let height = Int(exactly: height.rounded()), Self.heights.contains(height) else {
      throw PipelineError(
        "'height' takes \(Self.heights.lowerBound) to \(Self.heights.upperBound) lines", code: .invalidArgument)
    }
    guard (2...31).contains(quality) else {
      throw PipelineError("'quality' takes 2 (best) to 31", code: .invalidArgument)
    }
    if let required = try message.text("requires") {
      guard StageRequirement(rawValue: required) == .anonymized else {
        throw PipelineError("'requires' takes anonymized", code: .invalidArgument)
      }
      guard runner.showsAnonymized(stream) else {
        throw PipelineError(
          "the pictures of \(Quoted.text(stream)) are not shown: nothing is hidden in them",
          remedy: "let a way from its source to a sink lead through a privacy.anonymize", code: .unsupported)
      }
    }
    let isAnnotated = try message.flag("annotated") ?? true
    self.height = height
    self.runner = runner
    everyMs = every * 1000
    renderer = rendering.makeRenderer(quality: Int(quality), isAnnotated: isAnnotated)
    runner.pictures.watch(stream)
  }

  deinit { runner.pictures.unwatch(stream) }

  /// The next frame that is admitted, as a picture.
  ///
  /// - Parameter isEnding: looked at while waiting.
  /// - Throws: ``PipelineError`` `unavailable` where none comes in time.
  func one(unless isEnding: () -> Bool) throws(PipelineError) -> ReportValue {
    let limit = SystemClock().now().advanced(byMilliseconds: Self.patienceMs)
    while !isEnding(), SystemClock().now() < limit {
      if let picture = try next(waitingMs: 100) { return picture }
    }
    throw PipelineError(
      "no frame of '\(stream)' came within \(Int(Self.patienceMs / 1000)) s", remedy: "see its health with 'list'",
      code: .unavailable)
  }

  /// The next picture; nil where none is due or has come.
  ///
  /// - Parameter waitingMs: how long to wait for a frame.
  func next(waitingMs: Double = 0) throws(PipelineError) -> ReportValue? {
    let now = SystemClock().now()
    guard now >= due else { return nil }
    // A frame that was chosen may be lost on its way: another one is asked for.
    if asked == nil || now >= askedAgain {
      asked = runner.pictures.ask(stream)
      askedAgain = now.advanced(byMilliseconds: 1000)
    }
    let until = now.advanced(byMilliseconds: waitingMs)
    guard let count = asked, let frame = runner.pictures.frame(of: stream, after: count, until: until) else {
      return nil
    }
    asked = nil
    let next = due.advanced(byMilliseconds: everyMs)
    due = next > now ? next : now.advanced(byMilliseconds: everyMs)
    return try picture(frame)
  }

  private func picture(_ frame: Frame) throws(PipelineError) -> ReportValue {
    let rendered = try renderer.jpeg(frame, height: height), header = frame.header
    return .object([
      "event": .string("picture"), "stream": .string(stream), "frame": .int(header.sequence),
      "pts_s": .rounded(header.mediaTime.seconds), "captured_at": .string(header.capturedWall.iso8601),
      "width": .int(rendered.width), "height": .int(rendered.height),
      "source_width": .int(header.width), "source_height": .int(header.height),
      "jpeg": .string(Data(rendered.bytes).base64EncodedString()),
    ])
  }
}
