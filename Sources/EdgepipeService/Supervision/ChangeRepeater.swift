import EdgepipeCore
import Logging
import Pipeline

/// Does to a run what was done to the one before, on a thread of its own: opening a model can take long, and the run must
/// hear of its supervisor meanwhile.
final class ChangeRepeater: Sendable {
  private static let againMs = 250.0
  /// A run that is not ready by then will not be.
  private static let mostTries = 480
  /// As long as a model may take.
  private static let patienceMs = 600_000.0

  private let isOver = Monitor(false)
  private let thread: WorkerThread?

  /// - Parameters:
  ///   - changes: nothing is done where there are none.
  ///   - socket: of the run.
  ///   - name: of the pipeline, for the log.
  init(_ changes: RunChanges, _ socket: String, name: String, logger: Logger) {
    let requests = changes.requests, isOver = isOver
    if requests.isEmpty {
      thread = nil
      return
    }
    do {
      thread = try WorkerThread(name: "ep-changes") {
        for (command, members) in requests {
          do {
            var tries = 0
            while try !Self.isDone(command, members, socket, isLast: tries >= Self.mostTries) {
              tries += 1
              let again = SystemClock().now().advanced(byMilliseconds: Self.againMs)
              if isOver.wait(until: again, for: { $0 ? true : nil }) != nil { return }
            }
          } catch { logger.warning("\(name): a change of an earlier run (\(command)) is refused: \(error)") }
        }
      }
    } catch {
      logger.warning("\(name): changes of an earlier run cannot be repeated: \(error)")
      thread = nil
    }
  }

  /// - Returns: false where the run is not ready yet, or does not listen.
  /// - Throws: what the run refuses.
  private static func isDone(
    _ command: String, _ members: [String: ReportValue], _ socket: String, isLast: Bool
  ) throws(PipelineError) -> Bool {
    do throws(PipelineError) {
      _ = try ControlClient(path: socket, patienceMs: patienceMs).ask(command, members)
      return true
    } catch {
      if error.code == .unreachable || (error.code == .unavailable && !isLast) { return false }
      throw error
    }
  }

  /// The run has ended; to be called once.
  func end() {
    isOver.change { $0 = true }
    thread?.join()
  }
}
