@testable import EdgepipeMachine
import Foundation
import PipelineTestSupport
import Synchronization

@testable import EdgepipeCore
@testable import Measure

/// Something to measure whose inferences take exactly as long as a test says, on a clock that only they turn.
final class FakeSubject: BenchSubject {
  /// One inference, from 0 in each session, warm-ups included; turns the clock or throws.
  typealias Work = @Sendable (_ configuration: BenchConfiguration, _ inference: Int) throws -> Void

  private let opening: @Sendable (BenchConfiguration) throws -> Void
  private let work: Work
  /// The configurations in the order of being prepared.
  let prepared = Mutex<[BenchConfiguration]>([])
  let opened = Mutex(0)
  let closed = Mutex(0)
  let inferences = Mutex(0)

  init(opening: @escaping @Sendable (BenchConfiguration) throws -> Void = { _ in }, _ work: @escaping Work) {
    self.opening = opening
    self.work = work
  }

  func prepare(_ configuration: BenchConfiguration) throws -> @Sendable () throws -> any BenchSession {
    prepared.withLock { $0.append(configuration) }
    try opening(configuration)
    return { [self] in
      opened.withLock { $0 += 1 }
      return Session(self, configuration)
    }
  }

  private final class Session: BenchSession {
    private let subject: FakeSubject
    private let configuration: BenchConfiguration
    private var count = 0

    init(_ subject: FakeSubject, _ configuration: BenchConfiguration) {
      self.subject = subject
      self.configuration = configuration
    }

    deinit { subject.closed.withLock { $0 += 1 } }

    func run() throws {
      subject.inferences.withLock { $0 += 1 }
      try subject.work(configuration, count)
      count += 1
    }
  }
}

extension BenchConfiguration {
  static func test(batch: Int = 1, workers: Int = 1, threads: Int = 1) -> Self {
    BenchConfiguration(height: 64, width: 64, batch: batch, threads: threads, workers: workers)
  }
}

/// A machine made of a few files.
struct FakeMachine {
  let clock = ManualClock()
  var files: [String: String] = [:]

  /// One core is busy with this program for half of the time; idle takes 2 W, a busy core 4 W more.
  var environment: BenchEnvironment {
    let clock = clock
    let processCPU: @Sendable () -> Int64 = { clock.now().nanoseconds / 2 }
    let profile = DeviceProfile(name: "test", idleW: 2, wattsPerBusyCore: 4, method: "made up")
    return BenchEnvironment(
      clock: clock, tree: tree, processCPU: processCPU,
      power: PowerSetup(
        meter: EstimatedMeter(profile, clock: clock, cpuNanoseconds: processCPU), profile: profile),
      cores: 2)
  }

  var tree: SystemTree {
    SystemTree(root: "/nowhere") { [files] path throws(SystemTree.Failure) in
      guard let text = files[String(path.dropFirst("/nowhere".count))] else { throw .missing }
      return text
    }
  }
}

extension BenchRepeat {
  /// A repeat without what only a machine knows.
  static func test(
    _ latenciesMs: [Double], wall: Double? = nil, isComplete: Bool = true, machine: MachineTimes? = nil, cpu: Double = 0
  ) -> Self {
    BenchRepeat(
      latenciesMs: latenciesMs, wallSeconds: wall ?? latenciesMs.reduce(0, +) / 1000, cpuSeconds: cpu, loadSeconds: 0,
      memory: nil, joules: nil, meterFailure: nil, machine: machine, isComplete: isComplete)
  }
}
