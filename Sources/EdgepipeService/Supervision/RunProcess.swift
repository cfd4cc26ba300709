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
  /// What the log held before.
  let logBytes: Int
  /// Nil for one that was found.
  private let child: ChildProcess?
  private let lock: String

  /// Starts a run.
  ///
  /// - Parameter start: is held by the new process until it holds its own lock.
  /// - Throws: ``PipelineError`` when the program cannot be started.
  init(
    starting program: String, _ arguments: [String], in folder: RunFolder, _ start: StartLock
  ) throws(PipelineError) {
    (logBytes, lock) = (folder.logBytes, folder.lock)
    do {
      let child = try ChildProcess(
        program, arguments, environment: [StateFolder.variable: folder.state], input: .shared(start.descriptor),
        output: .nothing, errors: .append(folder.log))
      (self.child, id) = (child, child.id)
    } catch {
      throw PipelineError(
        "cannot start '\(program)' with the log '\(folder.log)': \(error.localizedDescription)",
        remedy: "check the installation and the state folder", code: .unavailable)
    }
  }

  /// A run that goes on already; nil where none holds the lock.
  init?(goingOnIn folder: RunFolder) {
    guard let id = RunLock.holder(of: folder.lock) else { return nil }
    (child, lock, self.id, logBytes) = (nil, folder.lock, id, folder.logBytes)
  }

  /// Whether an earlier supervisor has started it.
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
    // Its number may belong to another process later, its lock cannot.
    return RunLock.holder(of: lock) == id ? nil : .unknown
  }

  func send(_ signal: Int32) {
    // The number of a process that was found is only sure while that one holds the lock.
    if child == nil, RunLock.holder(of: lock) != id { return }
    kill(id, signal)
  }
}
