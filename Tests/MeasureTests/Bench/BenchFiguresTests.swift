import Foundation
import Testing

@testable import EdgepipeCore
@testable import Measure

@Suite("A benchmark's figures")
struct BenchFiguresTests {
  private func row(_ repeats: [BenchRepeat], _ configuration: BenchConfiguration = .test()) -> BenchRow {
    BenchRow(configuration: configuration, repeats: repeats)
  }

  private func result(
    _ rows: [BenchRow], load: String = "0.0 0 0 1/1 1", cores: Int = 2, machine: FakeMachine = FakeMachine()
  ) -> BenchResult {
    var machine = machine
    machine.files["/proc/loadavg"] = load
    return BenchResult(
      rows: rows, settings: BenchSettings(), cores: cores, started: WallTime(nanoseconds: 0), wallSeconds: 1,
      wasStopped: false, loadBefore: LoadAverage(machine.tree), peakIsKernels: true, power: machine.environment.power)
  }

  private func warnings(_ result: BenchResult) -> [String] {
    BenchNoise(result, figures: result.rows.map { BenchFigures($0, cores: result.cores) }).warnings
  }

  @Test("Given three repeats, when summed up, then the interval is over the repeats and the percentiles over all runs")
  func intervals() throws {
    // Medians 10, 11, 12; rates 100, 50 and 25 pictures a second.
    let repeats = [
      BenchRepeat.test([9, 10, 11], wall: 0.03), .test([10, 11, 12], wall: 0.06), .test([11, 12, 13], wall: 0.12),
    ]
    let figures = try #require(BenchFigures(row(repeats), cores: 2))
    #expect(figures.latency.count == 9 && figures.latency.median == 11)
    #expect(figures.p50?.values == [10, 11, 12])
    #expect(abs(figures.inferencesPerSecond - 9 / 0.21) < 1e-9)
    let rates = try #require(figures.rate).values
    #expect(zip(rates, [100, 50, 25]).allSatisfy { abs($0 - $1) < 1e-9 })
    // Deviation 1, over sqrt(3), times t(0.975, 2), which has the closed form 0.95 / sqrt(2 x 0.975 x 0.025).
    let interval = try #require(figures.p50.flatMap { ConfidenceInterval($0) })
    let t = 0.95 / (2 * 0.975 * 0.025).squareRoot()
    #expect(abs(interval.margin - t / 3.0.squareRoot()) < 1e-12)
    #expect(abs(try #require(figures.spread) - 2.0 / 11) < 1e-12)
    // Too few for the early-stopping estimates: 64 and 662 are needed.
    #expect(figures.earlyStopping90 == nil && figures.earlyStopping99 == nil)
  }

  @Test("Given the latencies 1 to 1,000, when summed up, then early-stopping estimates lie above the percentiles")
  func earlyStopping() throws {
    let figures = try #require(BenchFigures(row([.test((1...1000).map(Double.init))]), cores: 2))
    // scipy.stats.binom.cdf(78, 1000, 0.1) = 0.0099, of 79 0.0133: the 78th highest.
    // cdf(2, 1000, 0.01) = 0.0027, of 3 0.0101: the 2nd highest.
    #expect(figures.earlyStopping90?.estimate == 923)
    #expect(figures.earlyStopping99?.estimate == 999)
    #expect(figures.latency.quantile(0.9) < 923)
  }

  @Test("Given quiet and steady repeats, when looked at, then there is nothing to warn of")
  func quiet() {
    let times = (MachineTimes(busy: 1, total: 2), 0.99)
    let repeats = [10.0, 10.1, 9.9].map { BenchRepeat.test([$0, $0], machine: times.0, cpu: times.1) }
    #expect(warnings(result([row(repeats)])) == [])
  }

  @Test("Given other programs, a hypervisor and a load, when looked at, then each is named with its share")
  func noisy() {
    let busy = MachineTimes(busy: 1, steal: 0.1, total: 2)
    let repeats = [10.0, 10.1, 9.9].map { BenchRepeat.test([$0, $0], machine: busy, cpu: 0.5) }
    let list = warnings(result([row(repeats), row(repeats, .test(workers: 3))], load: "1.50 1 1 2/3 4"))
    #expect(list.count == 4)
    #expect(list[0].contains("load average was 1.50 on 2 cores"))
    // (1 - 0.5) / 2 and 0.1 / 2.
    #expect(list[1].contains("other programs used 25.0 %"))
    #expect(list[2].contains("hypervisor gave 5.0 %"))
    #expect(list[3] == "64x64, batch 1, 3 workers: 3 threads share 2 cores")
  }

  @Test("Given repeats that differ, when looked at, then the standard error or the spread is told")
  func unsteady() {
    // Deviation 2 over sqrt(3) is 11.5 % of the mean.
    let wild = [8.0, 10, 12].map { BenchRepeat.test([$0, $0]) }
    #expect(warnings(result([row(wild)])).first?.contains("standard error of the rate is 11.") == true)
    // One of six is 11 % off: the standard error is below 5 %.
    let odd = [10.0, 10, 10, 10, 10, 11.1].map { BenchRepeat.test([$0, $0]) }
    #expect(warnings(result([row(odd)])) == ["64x64, batch 1: the medians of the repeats range from 10.00 to 11.10 ms"])
  }

  @Test("Given spans of less than half a second, when their shares are asked for, then there is none")
  func shortSpans() {
    #expect(MachineShare(MachineTimes(busy: 0.4, total: 0.99), own: 0, cores: 2) == nil)
    #expect(MachineShare(MachineTimes(busy: 0.4, total: 1), own: 0.5, cores: 2)?.others == 0)
  }

  @Test("Given what a machine's files say, when read, then times, load and memory are theirs, and rubbish is nothing")
  func files() throws {
    var machine = FakeMachine()
    machine.files["/proc/stat"] = "cpu  100 200 300 400 500 600 700 800 900 1000\ncpu0 1 2 3\n"
    let times = try #require(MachineTimes(machine.tree))
    // user + nice + system + irq + softirq; guest times are contained in user and nice.
    #expect(times.busy == 19 && times.steal == 8 && times.total == 36)
    machine.files["/proc/self/status"] = "VmPeak:\t 9 kB\nVmHWM:\t    3072 kB\nVmRSS:\t    1024 kB\n"
    let memory = try #require(PeakMemory(machine.tree))
    #expect(memory.residentMB == 1 && memory.peakMB == 3)
    #expect(!PeakMemory.reset(machine.tree))
    for text in ["cpu 1 2 3", "cpu a b c d e f g h", "", "intr 1"] {
      machine.files["/proc/stat"] = text
      #expect(MachineTimes(machine.tree) == nil)
    }
    machine.files["/proc/self/status"] = "VmRSS:\t many kB"
    #expect(PeakMemory(machine.tree) == nil)
    machine.files["/proc/loadavg"] = "nan"
    #expect(LoadAverage(machine.tree) == nil)
  }

  @Test("Given what was measured, when the rest is forecast, then unknown configurations go by their pixels")
  func forecast() throws {
    let settings = BenchSettings(warmUps: 0, runs: 100, batches: 10, repeats: 2)
    var forecast = BenchForecast(settings: settings)
    let one = BenchConfiguration.test(), four = BenchConfiguration.test(batch: 4)
    #expect(forecast.remaining([one, four], currentSeconds: 1, currentShare: 0) == nil)
    // Half of it in 2 s: 2 s more; the batches are 40 pictures instead of 100.
    #expect(
      abs(try #require(forecast.remaining([one, four], currentSeconds: 2, currentShare: 0.5)) - (2 + 1.6)) < 1e-9)
    forecast.add(one, seconds: 4)
    forecast.add(one, seconds: 6)
    #expect(forecast.remaining([one], currentSeconds: 1, currentShare: 0) == 4)
    #expect(abs(try #require(forecast.remaining([four, one], currentSeconds: 0, currentShare: 0)) - (2 + 5)) < 1e-9)
    #expect(forecast.remaining([BenchConfiguration](), currentSeconds: 3, currentShare: 1) == 0)
  }

  @Test("Given lists, when combined, then each configuration comes once, and batches warm up with as many pictures")
  func matrix() {
    let matrix = BenchConfiguration.matrix(
      inputs: [(32, 64), (64, 64), (32, 64)], batches: [1, 4], threads: [1, 2], workers: [1])
    #expect(matrix.count == 8)
    #expect(matrix.prefix(3).map(\.label) == ["64x32, batch 1", "64x32, batch 4", "64x32, batch 1, 2 threads"])
    let settings = BenchSettings()
    #expect([1, 4, 8, 32, 100].map { settings.warmUps(of: .test(batch: $0)) } == [50, 13, 7, 5, 5])
    #expect([1, 4].map { settings.runs(of: .test(batch: $0)) } == [1000, 100])
    #expect(BenchSettings(warmUps: 0).warmUps(of: .test(batch: 8)) == 0)
    #expect(BenchSettings(warmUps: 2).warmUps(of: .test(batch: 8)) == 2)
  }
}
