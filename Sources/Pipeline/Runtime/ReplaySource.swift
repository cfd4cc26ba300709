import EdgepipeCore

/// Stands for a source of the recorded pipeline: says to the runtime what that one said.
final class ReplaySource: SourceStage {
  typealias Configuration = NoConfiguration

  static let type = "source.replay"
  static let summary = "Replays a source of a trace."

  let streams: [StreamInfo]
  private let trace: Trace
  private let context: StageContext

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    throw PipelineError("only a replay has such a source", code: .internalFault)
  }

  init(_ trace: Trace, context: StageContext) {
    self.trace = trace
    self.context = context
    streams = trace.streams.filter { $0.sourceStage == context.id }
  }

  func run(_ stream: StreamInfo, _ output: any SourceOutput) throws {
    guard let number = trace.number(of: stream), let output = output as? any ReplayOutput else {
      throw PipelineError("'\(stream.id)' is not a stream of the trace", code: .internalFault)
    }
    var failure: PipelineError?
    let media: (any MediaReplay)?
    do throws(PipelineError) {
      media = try context.services.find((any MediaReplayer).self)?.makeReplay(for: stream, context: context)
    } catch {
      media = nil
      failure = error
    }
    var end: PipelineError?
    try trace.replay(stream: number) { record throws(PipelineError) -> Bool in
      switch record {
      case .media(_, let bytes):
        guard failure == nil else { break }
        do throws(PipelineError) { try media?.apply(bytes) } catch {
          // The others go on: the frames of this stream fail from here on, each at its place.
          failure = error
          context.logger.warning("stream '\(stream.id)' cannot be replayed from here on: \(error)")
        }
      case .frame(let frame):
        let image = failure == nil ? media?.takePicture() : nil
        return output.replay(
          Frame(header: frame.header(of: stream), image: image), optionsVersion: frame.optionsVersion,
          dropped: frame.dropped, isLost: failure != nil)
      case .health(_, let entry): output.replay(entry.health, entry.change)
      case .count(_, let name, let increment): output.count(name, increment)
      case .streamFailure(_, let name, let error): output.fail(stream: name, error)
      case .streamEnd(_, let error): end = error
      default: break
      }
      return true
    }
    if let error = end ?? failure { throw error }
  }
}

/// What a source's output can do in a replay only.
protocol ReplayOutput: SourceOutput {
  /// - Parameters:
  ///   - optionsVersion: the number of the last change of options before the frame.
  ///   - dropped: set for a frame that was not admitted.
  ///   - isLost: the frame could not be made again.
  /// - Returns: false when the run is ending.
  func replay(_ frame: Frame, optionsVersion: Int, dropped: DropReason?, isLost: Bool) -> Bool
  func replay(_ health: StreamHealth, _ change: HealthChange?)
}

extension TraceRecord.Frame {
  func header(of stream: StreamInfo) -> FrameHeader {
    FrameHeader(
      stream: stream, sequence: sequence, mediaTime: mediaTime, captured: captured, capturedWall: capturedWall,
      deadline: deadline, source: source, width: width, height: height,
      discontinuity: discontinuity, detectionShare: detectionShare)
  }
}

extension PipelinePlan {
  /// The same graph, with a source that speaks from the trace in place of each.
  func replaying(_ trace: Trace) -> PipelinePlan {
    var plan = self
    for index in plan.stages.indices where plan.stages[index].descriptor.role == .source {
      let original = plan.stages[index].descriptor
      plan.stages[index].descriptor = StageDescriptor(
        type: original.type, summary: original.summary, role: .source, needsImage: original.needsImage
      ) { _, context in ReplaySource(trace, context: context) }
    }
    return plan
  }
}
