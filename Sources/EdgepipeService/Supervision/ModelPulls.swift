import EdgepipeCore
import Synchronization

/// Models that are being fetched, one at a time, and what became of those before.
final class ModelPulls: Sendable {
  /// A fetch over a slow line.
  private static let limitS = 4 * 3600.0
  /// So many results are kept.
  private static let most = 100

  private enum State {
    case pulling
    case done
    case failed(String)
  }

  private let program: String
  private let states = Mutex<[String: State]>([:])

  init(program: String) { self.program = program }

  /// Begins to fetch a model.
  ///
  /// - Throws: `unavailable` while another one is fetched.
  func start(_ model: String) throws(PipelineError) {
    try states.withLock { states throws(PipelineError) in
      for (name, state) in states {
        guard case .pulling = state else { continue }
        // Asking twice is asking once.
        if name == model { return }
        throw PipelineError("'\(name)' is being fetched", remedy: "try again when it is there", code: .unavailable)
      }
      if states.count >= Self.most { states.removeAll() }
      _ = try WorkerThread(name: "ep-pull") { [self] in pull(model) }
      states[model] = .pulling
    }
  }

  /// Nil for a model that nobody has asked for.
  func value(_ model: String) -> ReportValue? {
    let state = states.withLock { $0[model] }
    let (word, detail): (String, ReportValue)
    switch state {
    case nil: return nil
    case .pulling: (word, detail) = ("pulling", .null)
    case .done: (word, detail) = ("done", .null)
    case .failed(let reason): (word, detail) = ("failed", .string(reason))
    }
    return .object(["model": .string(model), "state": .string(word), "detail": detail])
  }

  private func pull(_ model: String) {
    let state: State
    do {
      _ = try ProgramRun(program, ["models", "pull", "--", model], seconds: Self.limitS).result()
      state = .done
    } catch { state = .failed("\(error)") }
    states.withLock { $0[model] = state }
  }
}
