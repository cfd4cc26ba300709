import CPlatform
import EdgepipeCore

/// How much of the processor time that it may use this process does use, and what a frame takes of it, looked at four times a
/// second.
struct ProcessLoad: Sendable {
  private static let everyNanoseconds: Int64 = 250_000_000
  /// Of fewer frames the time of one would say little.
  private static let fewestFrames = 4
  /// A time of a frame counts for frames of one place where nearly all were done there.
  private static let nearlyAll = 0.8
  private static let longestS = 10.0

  /// What a frame took, the last quarter of a second counting half.
  private struct Cost {
    var milliseconds: Double
    var at: MonotonicTime
  }

  private let cores: Double
  private var last: (time: MonotonicTime, cpuNanoseconds: Int64, edge: Int, cloud: Int)?
  private var edge: Cost?
  private var cloud: Cost?
  /// 0 to 1, of the last quarter of a second.
  private(set) var share = 0.0

  init(cores: Double = ProcessorAllowance.cores()) { self.cores = max(0.1, cores) }

  /// - Parameters:
  ///   - cpuNanoseconds: what the process has used so far.
  ///   - edge: frames that were done here so far.
  ///   - cloud: frames that a server has done.
  mutating func look(at now: MonotonicTime, cpuNanoseconds: @autoclosure () -> Int64, edge: Int, cloud: Int) {
    guard let last else {
      self.last = (now, cpuNanoseconds(), edge, cloud)
      return
    }
    let elapsed = now.nanoseconds(since: last.time)
    guard elapsed >= Self.everyNanoseconds else { return }
    let cpu = cpuNanoseconds(), used = Double(cpu - last.cpuNanoseconds)
    share = min(1, used / (cores * Double(elapsed)))
    let (here, there) = (edge - last.edge, cloud - last.cloud)
    self.last = (now, cpu, edge, cloud)
    guard here + there >= Self.fewestFrames else { return }
    let milliseconds = used / 1e6 / Double(here + there), most = Self.nearlyAll * Double(here + there)
    if Double(here) >= most { Self.add(milliseconds, to: &self.edge, at: now) }
    if Double(there) >= most { Self.add(milliseconds, to: &self.cloud, at: now) }
  }

  private static func add(_ milliseconds: Double, to cost: inout Cost?, at now: MonotonicTime) {
    let before = recent(cost, now) ?? milliseconds
    cost = Cost(milliseconds: (before + milliseconds) / 2, at: now)
  }

  private static func recent(_ cost: Cost?, _ now: MonotonicTime) -> Double? {
    cost.flatMap { Double(now.nanoseconds(since: $0.at)) / 1e9 <= longestS ? $0.milliseconds : nil }
  }

  /// Frames a second that the processors can do where all inference is done here, and where none is; nil where that is not
  /// known.
  ///
  /// - Parameter inferenceMs: what an inference here takes. Until frames have gone to a server, they are taken to need that much
  ///   less: what sending takes shows once they do.
  func rates(inferenceMs: Double?, at now: MonotonicTime) -> (edge: Double?, cloud: Double?) {
    let edge = Self.recent(edge, now)
    let guess = edge.flatMap { edge in inferenceMs.map { max(edge - $0, edge / 4) } }
    let cloud = Self.recent(cloud, now) ?? guess
    return (edge.map { cores * 1e3 / max(0.01, $0) }, cloud.map { cores * 1e3 / max(0.01, $0) })
  }

  static func processCPUNanoseconds() -> Int64 { SystemClock.read(CLOCK_PROCESS_CPUTIME_ID) }
}
