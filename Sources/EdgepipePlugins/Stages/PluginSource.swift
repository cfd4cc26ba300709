import EdgepipeCore
import EdgepipePluginHost
import Pipeline

/// A source of a plugin: one stream, named like its stage.
final class PluginSource: SourceStage {
  typealias Configuration = PluginConfiguration

  static let type = "plugin.source"
  static let summary = "A source of a plugin."
  /// Failures in a row after which the stream ends.
  private static let mostFailures = 100

  let streams: [StreamInfo]
  private let start: PluginStart
  private let counts = PluginCounts()

  init(_ configuration: PluginConfiguration, context: StageContext) throws { throw PluginStages.noPlugin }

  init(_ start: PluginStart) {
    self.start = start
    streams = [
      StreamInfo(
        id: start.context.id, sourceStage: start.context.id, isLive: start.type.facts.flags.contains(.isLive),
        deadlineMs: start.context.deadlineMs)
    ]
  }

  var facts: [String: ReportValue] { counts.facts(start) }
  func files(for streams: [String]) -> [FileUse] { start.files }

  func run(_ stream: StreamInfo, _ output: any SourceOutput) throws {
    let instance = try PluginInstances.make(start, worker: 0)
    defer { instance.close() }
    let translation = FrameTranslation(stage: start.context.id, facts: start.type.facts)
    var position = Position()
    while !output.isStopping {
      let answer: PluginAnswer
      do throws(PluginFailure) {
        answer = try instance.next(now: start.context.clock.now())
        position.failures = 0
      } catch {
        position.failures += 1
        output.count("plugin_failures", 1)
        _ = try? counts.outcome(of: error)
        if error.consequence == .stopPipeline || position.failures >= Self.mostFailures {
          var end = error.error
          if end.consequence == .skipFrame { end.consequence = .endStream }
          throw end
        }
        start.context.logger.warning("\(error)")
        // What comes after a failure need not belong to what came before.
        position.discontinuity += 1
        continue
      }
      switch answer.verdict {
      case .ended: return try flush(instance)
      case .again, .drop: continue
      case .done:
        guard let source = answer.source, let picture = answer.picture else { continue }
        let frame = try frame(source, picture, of: stream, translation, &position)
        if output.emit(frame) == .stopped { return }
        output.report(position: frame.header.mediaTime, duration: nil)
      }
    }
    try flush(instance)
  }

  private struct Position {
    var sequence = 0
    var discontinuity = 0
    var failures = 0
    var first: MediaTime?
  }

  private func frame(
    _ source: PluginAnswer.Source, _ picture: PluginPicture, of stream: StreamInfo, _ translation: FrameTranslation,
    _ position: inout Position
  ) throws -> Frame {
    let clock = start.context.clock, now = clock.now(), wall = clock.wallTime()
    // What was captured in the future was captured now.
    let captured = min(source.captured ?? now, now)
    let first = position.first ?? source.mediaTime
    position.first = first
    if source.isDiscontinuous { position.discontinuity += 1 }
    let header = FrameHeader(
      stream: stream, sequence: position.sequence,
      mediaTime: MediaTime(nanoseconds: source.mediaTime.nanoseconds &- first.nanoseconds), captured: captured,
      capturedWall: WallTime(nanoseconds: wall.nanoseconds &- now.nanoseconds(since: captured)),
      deadline: stream.isLive ? stream.deadlineMs.map { captured.advanced(byMilliseconds: $0) } : nil,
      source: start.type.facts.type, width: picture.width, height: picture.height,
      discontinuity: position.discontinuity,
      detectionShare: start.context.detectionShare(isPaced: stream.isLive))
    position.sequence += 1
    return Frame(header: header, image: try translation.image(of: picture))
  }

  private func flush(_ instance: any PluginRunning) throws(PipelineError) {
    do throws(PluginFailure) { try instance.flush() } catch { throw error.error }
  }
}
