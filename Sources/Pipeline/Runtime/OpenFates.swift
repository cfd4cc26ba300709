import EdgepipeCore

/// The fates that the workers of one stage have not told yet, so that none is forgotten.
final class OpenFates: Sendable {
  private let fates = Monitor<[ObjectIdentifier: (fate: DeferredFate, frames: Int)]>([:])

  /// One more frame waits for `fate`.
  func enter(_ fate: DeferredFate) {
    fates.withLock { $0[ObjectIdentifier(fate), default: (fate, 0)].frames += 1 }
  }

  /// A frame has been told, and all its accounts know.
  func leave(_ fate: DeferredFate) {
    fates.change { fates in
      let key = ObjectIdentifier(fate)
      guard let entry = fates[key] else { return }
      fates[key] = entry.frames > 1 ? (fate, entry.frames - 1) : nil
    }
  }

  /// Ends the wait for what nobody will tell any more, and returns when every frame has been told: another thread may be
  /// at it.
  func giveUp(_ error: PipelineError) {
    for (fate, _) in fates.withLock({ Array($0.values) }) { fate.settle(.failed(error)) }
    fates.wait { $0.isEmpty ? () : nil }
  }
}
