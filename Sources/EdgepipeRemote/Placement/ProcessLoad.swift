import CPlatform
import EdgepipeCore

/// How much of the processor time that it may use this process does use, looked at four times a second.
struct ProcessLoad: Sendable {
  private static let everyNanoseconds: Int64 = 250_000_000

  private let cores: Double
  private var last: (time: MonotonicTime, cpuNanoseconds: Int64)?
  /// 0 to 1, of the last quarter of a second.
  private(set) var share = 0.0

  init(cores: Double = ProcessorAllowance.cores()) { self.cores = max(0.1, cores) }

  /// - Parameter cpuNanoseconds: what the process has used so far.
  mutating func look(at now: MonotonicTime, cpuNanoseconds: @autoclosure () -> Int64) {
    guard let last else {
      self.last = (now, cpuNanoseconds())
      return
    }
    let elapsed = now.nanoseconds(since: last.time)
    guard elapsed >= Self.everyNanoseconds else { return }
    let used = cpuNanoseconds()
    share = min(1, Double(used - last.cpuNanoseconds) / (cores * Double(elapsed)))
    self.last = (now, used)
  }

  static func processCPUNanoseconds() -> Int64 { SystemClock.read(CLOCK_PROCESS_CPUTIME_ID) }
}
