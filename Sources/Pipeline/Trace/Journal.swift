import EdgepipeCore

/// Whether a run is remembered, or is one that is remembered.
public enum Journal: Sendable {
  case off
  case recording(TraceRecorder)
  case replaying(Trace)

  var trace: Trace? { if case .replaying(let trace) = self { trace } else { nil } }
  var recorder: TraceRecorder? { if case .recording(let recorder) = self { recorder } else { nil } }

  /// The number by which the trace knows a stream that is about to run; nil without a trace.
  func number(of stream: StreamInfo) -> Int? {
    switch self {
    case .off: nil
    case .recording(let recorder): recorder.register(stream)
    case .replaying(let trace): trace.number(of: stream) ?? 0
    }
  }

  /// When a frame was handed over everywhere, and what became of it.
  func closing(_ key: FrameKey, _ fate: FrameFate, _ handedOver: MonotonicTime) -> TraceRecord.Closing {
    if let recorded = trace?.closing(key) {
      // A replay that goes another way must not be told as if it did not.
      let isSameKind = (recorded.fate == .delivered) == (fate == .delivered)
      return TraceRecord.Closing(time: recorded.time, fate: isSameKind ? recorded.fate : fate)
    }
    let closing = TraceRecord.Closing(time: handedOver, fate: fate)
    recorder?.append(.closed(key, closing))
    return closing
  }
}

/// A stage's way to the journal.
struct StageJournal: StageInstants {
  let journal: Journal
  /// The stage's place in the plan.
  let index: Int

  func instant(for header: FrameHeader, _ clock: any PipelineClock) -> MonotonicTime? {
    switch journal {
    case .off: return clock.now()
    case .recording(let recorder):
      let now = clock.now()
      if let key = recorder.key(header) { recorder.append(.instant(stage: index, key, now)) }
      return now
    case .replaying(let trace):
      return trace.instant(stage: index, header) ?? (trace.gap == nil ? clock.now() : nil)
    }
  }
}
