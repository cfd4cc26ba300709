import EdgepipeCore
import Logging
import Pipeline

/// The part of a ``StreamSink`` that draws and encodes. Used by one thread.
final class StreamSinkWorker: FrameWorker {
  private struct Route {
    let video: AnnotatedVideo
    let output: LiveOutput
    var limit: FrameRateLimit
    var pace: ReadingPace
    var discontinuity: Int
    /// The stream broke off and nothing has gone out since.
    var isBroken = false
  }

  private let stage: StreamSink
  private var annotation: AdjustedOptions<AnnotationSettings>
  private var annotator: Annotator
  private var places: StreamPlaces
  private var routes: [String: Route] = [:]

  init(stage: StreamSink) {
    self.stage = stage
    annotation = AdjustedOptions(of: stage.context.id, initial: stage.configuration.annotation)
    annotator = Annotator(stage.configuration.annotation)
    places = StreamPlaces(
      stage.configuration.to, isAddress: stage.destination.isAddress,
      remedy: "put {stream} into 'to': each stream then has its own")
  }

  func process(_ frame: Frame) throws -> FrameOutcome {
    // What was sent once is not sent again.
    if stage.context.isReplay, stage.destination.isAddress { return .emit(frame) }
    let header = frame.header, picture = try frame.decodedPicture()
    if annotation.follow(frame) { annotator = Annotator(annotation.value) }
    var route = try routes.removeValue(forKey: header.stream.id) ?? open(header, picture)
    defer { routes[header.stream.id] = route }
    stage.noteFrame()
    if header.discontinuity != route.discontinuity {
      (route.discontinuity, route.isBroken) = (header.discontinuity, true)
    }
    if stage.destination.isAddress { notePace(&route, header) }
    let ticks = route.video.time(of: header)
    guard route.limit.takes(ticks) else { return .emit(frame) }
    let isWaiting = !header.stream.isLive || stage.context.isReplay
    guard case .taken(let isKey, let ticket) = route.output.admit(isWaiting: isWaiting) else { return .emit(frame) }
    let isBreak = route.isBroken
    route.isBroken = false
    try unsafe route.video.encode(frame, picture, at: ticks, isKey: isKey || isBreak, annotator: &annotator) { packet in
      let encoded = try unsafe EncodedPicture(taking: packet, isBreak: isBreak, wall: header.capturedWall)
      route.output.push(encoded, ticket: ticket)
    }
    return .emit(frame)
  }

  /// All ends begin together: the time for them is that of the slowest.
  func finish() throws {
    for route in routes.values { route.output.end() }
    for route in routes.values { route.output.finish() }
    routes.removeAll()
  }

  private func open(_ header: FrameHeader, _ picture: DecodedPicture) throws(PipelineError) -> Route {
    let configuration = stage.configuration, stream = header.stream.id
    let video = try AnnotatedVideo(
      like: picture,
      .init(
        preset: configuration.preset, crf: configuration.crf, threads: configuration.threads,
        height: configuration.height, isLowDelay: true, maxKbps: configuration.maxKbps), context: stage.context)
    let output = try stage.makeOutput(
      stream: stream, place: places.place(for: stream), VideoDescription(of: video.encoder))
    return Route(
      video: video, output: output, limit: FrameRateLimit(configuration.fps), pace: ReadingPace(header),
      discontinuity: header.discontinuity)
  }

  private func notePace(_ route: inout Route, _ header: FrameHeader) {
    guard route.pace.isTooFast(header) else { return }
    stage.context.logger.warning(
      "'\(header.stream.id)' is read faster than real time, and so it is streamed; set \"realtime\": true at its source",
      metadata: ["to": "\(route.output.name)"])
  }
}
