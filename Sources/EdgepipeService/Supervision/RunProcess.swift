import EdgepipeCore
import Glibc

/// The process of a run: one that this supervisor has started, or one that an earlier supervisor has left behind.
struct RunProcess: Sendable {
  enum End: Sendable, Hashable {
    case status(Int32)
    case signal(Int32)
    /// Only its parent learns how a process ends.
    case unknown

    /// Whether starting the same again soon cannot help: the command line, the pipeline file or a model that it names is
    /// wrong.
    var isLasting: Bool {
      self == .status(ExitStatus.usage.rawValue) || self == .status(ExitStatus.config.rawValue)
        || self == .status(ExitStatus.dataError.rawValue)
    }

    var words: String {
      switch self {
      case .status(let number): "exit status \(number)"
      case .signal(let number): "signal \(number)"
      case .unknown: "unknown status"
      }
    }
  }

  let id: Int32
  /// Nil for one that was found.
  private let child: ChildProcess?
  private let lock: String

  /// Starts a run.
  ///
  /// - Throws: ``PipelineError`` when the program cannot be started.
  init(starting program: String, _ arguments: [String], lock: String, log: String) throws(PipelineError) {
    do {
      let child = try ChildProcess(program, arguments, output: .nothing, errors: .append(log))
      (self.child, self.lock, id) = (child, lock, child.id)
    } catch {
      throw PipelineError(
        "cannot start '\(program)': \(error.localizedDescription)", remedy: "check the installation", code: .unavailable)
    }
  }

  /// A run that goes on already; nil where none holds the lock.
  init?(holding lock: String) {
    guard let id = RunLock.holder(of: lock) else { return nil }
    (child, self.lock, self.id) = (nil, lock, id)
  }

  var isFound: Bool { child == nil }

  /// How it has ended, once it has; not to be asked again after that.
  func ended() -> End? {
    if let child {
      switch child.ended() {
      case nil: return nil
      case .status(let number)?: return .status(number)
      case .signal(let number)?: return .signal(number)
      }
    }
    // A process may be there for a moment after its locks have gone, and its number may belong to another one later.
    return RunLock.holder(of: lock) == id ? nil : .unknown
  }

  func send(_ signal: Int32) {
    // The number of a process that was found is only sure while that one holds the lock.
    if child == nil, RunLock.holder(of: lock) != id { return }
    kill(id, signal)
  }
}
