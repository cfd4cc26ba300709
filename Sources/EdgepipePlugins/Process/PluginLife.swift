import CPlatform
import EdgepipeCore
import EdgepipePluginHost
import Glibc
import Synchronization

/// One process of a plugin from its start to its end, and the thread that watches over it: reads its output, looks at its
/// memory, and sees to it that nothing of it stays.
final class PluginLife: Sendable {
  /// Why it is over.
  enum Cause: Sendable, Hashable {
    /// By itself.
    case ended(ChildProcess.End)
    case flood
    case memory(megabytes: Int)
    /// The program had it end.
    case stopped
  }

  private struct State {
    var cause: Cause?
    var isReaped = false
  }

  private static let pollMs: Int32 = 250

  let socket: WireSocket
  let id: pid_t
  private let child: ChildProcess
  private let output: Int32
  private let memoryBytes: UInt64
  private let log: PluginLog
  private let state = Mutex(State())
  /// Bytes of pictures that it shares with the program, which are not its own.
  let sharedBytes = Atomic<Int>(0)
  private let thread = Mutex<WorkerThread?>(nil)

  /// Starts `program`, which holds the plugin. The thread that calls this lives as long as the process: when it ends, the system
  /// ends that too.
  ///
  /// - Parameter environment: all that it gets of one; this program's may hold passwords.
  init(_ program: String, memoryBytes: UInt64, environment: [String: String], log: @escaping PluginLog)
    throws(PluginFailure)
  {
    do {
      let (own, other) = try WireSocket.pair()
      var ends: [Int32] = [-1, -1]
      // SAFETY: the array has room for the two descriptors that the call writes.
      let status = unsafe ends.withUnsafeMutableBufferPointer { unsafe pipe2($0.baseAddress, O_CLOEXEC) }
      guard status == 0 else { throw WireFailure.system(errno) }
      output = ends[0]
      defer { close(ends[1]) }
      do {
        child = try ChildProcess(
          program, ["plugin-host"], environment: environment, inheritsEnvironment: false, output: .shared(ends[1]),
          socket: other.descriptor)
      } catch {
        close(ends[0])
        throw error
      }
      socket = own
    } catch {
      throw PluginFailure(
        .stopPipeline, "cannot start '\(program)' for a plugin: \((error as? WireFailure)?.description ?? "\(error)")",
        remedy: "build or install edgepiped beside this program", code: .unavailable)
    }
    id = child.id
    self.memoryBytes = memoryBytes
    self.log = log
    _ = fcntl(output, F_SETFL, O_NONBLOCK)
    do {
      let watch = try WorkerThread(name: "plugin-watch") { self.watch() }
      thread.withLock { $0 = watch }
    } catch {
      end(.stopped)
      _ = child.wait()
      close(output)
      throw PluginFailure(.stopPipeline, error.message, remedy: error.remedy, code: error.code)
    }
  }

  /// Ends it and all that it has started, at once. Any thread; the first cause counts.
  func end(_ cause: Cause) {
    state.withLock { state in
      if state.cause == nil { state.cause = cause }
      // Until it is reaped, nobody else has its number.
      if !state.isReaped { killGroup() }
    }
  }

  /// Waits until nothing of it is left; by one owner, once ``end(_:)`` was called or its end is certain.
  func join() -> Cause {
    thread.withLock { $0 }?.join()
    return state.withLock { $0.cause ?? .stopped }
  }

  /// The process is its group's leader.
  private func killGroup() {
    kill(-id, SIGKILL)
    kill(id, SIGKILL)
  }

  private func watch() {
    var lines = OutputLines(), allowance = OutputAllowance()
    let clock = SystemClock(), process = ep_open_process(id)
    var nextLook = clock.now()
    var entries = [
      pollfd(fd: output, events: Int16(POLLIN), revents: 0), pollfd(fd: process, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      // SAFETY: the array outlives the call. A descriptor below 0 is passed over.
      _ = unsafe poll(&entries, nfds_t(entries.count), process < 0 ? Self.pollMs / 10 : Self.pollMs)
      if !drain(&lines, &allowance, clock) { end(.flood) }
      // Its last words are in the pipe before its end is seen.
      if isOver {
        _ = drain(&lines, &allowance, clock)
        break
      }
      if entries[0].revents & Int16(POLLHUP | POLLERR) != 0 { entries[0].fd = -1 }
      let now = clock.now()
      if now >= nextLook {
        look()
        nextLook = now.advanced(byMilliseconds: Double(Self.pollMs))
      }
    }
    lines.finish { log($0.parts.level, $0.parts.text) }
    let omitted = allowance.omitted
    if omitted > 0 { log(.notice, "\(omitted) more lines of its output were left out") }
    if process >= 0 { close(process) }
    close(output)
    socket.shutDown()
  }

  /// Reaps it once it has ended, with what is left of its group.
  private var isOver: Bool {
    state.withLock { state in
      var facts = unsafe siginfo_t()
      // SAFETY: `facts` outlives the call. WNOWAIT leaves it to be reaped below, after its group has been ended.
      let status = unsafe waitid(P_PID, id_t(id), &facts, WEXITED | WNOHANG | WNOWAIT)
      guard status == 0, unsafe facts._sifields._sigchld.si_pid == id else { return status != 0 && errno == ECHILD }
      killGroup()
      let end = child.wait()
      state.isReaped = true
      if state.cause == nil { state.cause = .ended(end) }
      return true
    }
  }

  /// - Returns: false where it has written too much.
  private func drain(_ lines: inout OutputLines, _ allowance: inout OutputAllowance, _ clock: SystemClock) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    // A pipe holds no more than this; what comes meanwhile is for the next time.
    for _ in 0..<16 {
      // SAFETY: the call writes no more than the array holds.
      let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(output, $0.baseAddress, $0.count) }
      guard count > 0 else { return true }
      let now = clock.now()
      guard allowance.note(bytes: count, at: now) else { return false }
      lines.add(bytes[..<count]) { line in
        guard allowance.mayPass(at: now) else { return }
        let omitted = allowance.takeOmitted()
        if omitted > 0 { log(.notice, "\(omitted) lines of its output were left out") }
        let (level, text) = line.parts
        log(level, text)
      }
    }
    return true
  }

  private func look() {
    let held = SystemTree().bytes(in: "/proc/\(id)/status")
    let own = (held["RssAnon"] ?? 0) + (held["RssShmem"] ?? 0) - Int64(sharedBytes.load(ordering: .relaxed))
    if own > 0, UInt64(own) > memoryBytes { end(.memory(megabytes: Int(own >> 20))) }
  }
}
