import Detectors
import EdgepipeCore
import Foundation
import Pipeline
import Synchronization

/// Looks after the files of a detecting stage's models while they run, on a thread of its own: a damaged one is put right from a
/// copy or from its source. The sessions that are open have read it when it was sound, and go on.
final class ModelFileWatch: Sendable {
  private struct State {
    /// Those that the stage may run now, as they were opened.
    var models: [ResolvedModel]
    var isOver = false
    var isBusy = false
  }

  /// A damaged file that could not be put right is tried again after so many seconds, or at the next check.
  private static let retryS = 300.0

  private let resolver: any ModelResolver
  private let everyS: Double
  private let context: StageContext
  private let state: Monitor<State>
  private let thread = Mutex<WorkerThread?>(nil)

  /// Nil where nothing is to be checked: outside of a run, and in a replay.
  ///
  /// - Parameter everyS: between two checks; 0: never.
  init?(_ models: [ResolvedModel], everyS: Double, context: StageContext) {
    guard everyS > 0, !context.isReplay, context.requests != nil,
      let resolver = context.services.find((any ModelResolver).self)
    else { return nil }
    (self.everyS, self.resolver, self.context) = (everyS, resolver, context)
    state = Monitor(State(models: models))
    context.faults.watch([Self.fault], stage: context.id, stream: nil)
  }

  static let fault = "model"

  func start() throws(PipelineError) {
    let started = try WorkerThread(name: "\(context.id).files") { [self] in
      context.threads.register(stage: context.id)
      watch()
      context.threads.unregister()
    }
    thread.withLock { $0 = started }
  }

  /// One more that the stage may run.
  func add(_ model: ResolvedModel) {
    state.withLock { state in
      guard !state.models.contains(where: { $0.file == model.file }) else { return }
      state.models.append(model)
    }
  }

  /// Ends the thread; one that is waiting for a source is left to itself.
  func stop() {
    let isBusy = state.change { state in
      state.isOver = true
      return state.isBusy
    }
    guard let thread = thread.withLock({ $0.take() }) else { return }
    if !isBusy { thread.join() }
  }

  private func watch() {
    for model in state.withLock({ $0.models }) { keep(model) }
    var damaged: [String: WallTime] = [:]
    while true {
      let pauseS = damaged.isEmpty ? everyS : min(everyS, Self.retryS)
      let until = SystemClock().now().advanced(byMilliseconds: pauseS * 1000)
      if state.wait(until: until, for: { $0.isOver ? true : nil }) != nil { return }
      for model in state.withLock({ $0.models }) {
        guard begins() else { return }
        check(model, &damaged)
        state.withLock { $0.isBusy = false }
      }
    }
  }

  private func begins() -> Bool {
    state.withLock { state in
      state.isBusy = !state.isOver
      return state.isBusy
    }
  }

  private func keep(_ model: ResolvedModel) {
    // A store that belongs to somebody else, such as a system's, cannot be written.
    do { try resolver.keepCopy(of: model) } catch {
      context.logger.info("\(error)")
    }
  }

  private func check(_ model: ResolvedModel, _ damaged: inout [String: WallTime]) {
    guard let damage = ModelDamage(model, resolver) else {
      // Somebody else has put it right.
      if let since = damaged.removeValue(forKey: model.reference) { recovered(model, since, by: "it is sound again") }
      return
    }
    let since = damaged[model.reference] ?? context.clock.wallTime()
    if damaged.updateValue(since, forKey: model.reference) == nil {
      context.announce(damage.told(model, stage: context.id, since: since))
    }
    guard damage.isCertain else { return }
    do {
      let source = try resolver.restore(model.reference, sha256: model.sha256)
      damaged[model.reference] = nil
      recovered(model, since, by: "it was put right from \(source)")
    } catch {
      context.logger.warning("\(error); the open model goes on")
    }
  }

  private func recovered(_ model: ResolvedModel, _ since: WallTime, by how: String) {
    context.announce(
      ModelDamage.mended(model, stage: context.id, since: since, now: context.clock.wallTime(), how: how))
  }
}
