@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Measure
@testable import Pipeline

/// A pipeline of stages in a row with constant service times, frames as fast as there is room, and cores for everybody:
/// when each frame leaves follows from when it comes and when a worker is free.
private struct Tandem {
  struct Stage {
    var serviceS: Double
    var workers: Int
  }

  /// The first is the source.
  var stages: [Stage]
  var framesInFlight: Int
  static let frames = 5000

  /// Frames a second.
  func speed() -> Double { Double(Self.frames) / run().wallS }

  /// The load that a run of it would report.
  func load() -> RunLoad {
    let (wall, latency) = run()
    let loads = stages.enumerated().map { index, stage -> StageLoad in
      let busy = stage.serviceS * Double(Self.frames), isSource = index == 0
      return StageLoad(
        id: "s\(index)", type: isSource ? "source.ffmpeg" : "detect.null", role: isSource ? .source : .transform,
        workers: stage.workers, maximumWorkers: 64, worked: Self.frames, offered: Self.frames, busyS: busy, cpuS: busy,
        utilisation: busy / wall / Double(stage.workers),
        waiting: isSource ? .init(isLive: false, pausedS: 0, blockedS: wall - busy) : nil)
    }
    return RunLoad(
      wallS: wall, cores: 1000, processCPUS: loads.reduce(0) { $0 + $1.cpuS }, admitted: Self.frames,
      delivered: Self.frames, framesInFlight: framesInFlight, meanLatencyS: latency, medianLatencyMs: latency * 1000,
      stages: loads)
  }

  private func run() -> (wallS: Double, latencyS: Double) {
    var free = stages.map { Array(repeating: 0.0, count: $0.workers) }
    var left: [Double] = [], latency = 0.0
    for frame in 0..<Self.frames {
      // The source waits for a place: until the frame that came so many before has left.
      let room = frame >= framesInFlight ? left[frame - framesInFlight] : 0
      var time = 0.0, start = 0.0
      for (index, stage) in stages.enumerated() {
        let worker = free[index].indices.min { free[index][$0] < free[index][$1] } ?? 0
        time = max(time, free[index][worker]) + stage.serviceS
        if index == 0 {
          time = max(time, room)
          start = time
        }
        free[index][worker] = time
      }
      left.append(max(time, left.last ?? 0))
      latency += left[frame] - start
    }
    return (left.last ?? 0, latency / Double(Self.frames))
  }
}

@Suite("What limits a run, beside a simulation")
struct TandemTests {
  @Test(
    "given a row of stages, when its slowest is taken away or gets a worker, then the simulation is as fast as was foretold",
    arguments: UInt64(1)...40)
  func foretold(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var stages = (0..<Int.random(in: 3...6, using: &random)).map { index in
      Tandem.Stage(
        serviceS: Double.random(in: 0.001...0.02, using: &random),
        workers: index == 0 ? 1 : Int.random(in: 1...3, using: &random))
    }
    // Enough frames on their way that the slowest stage never waits.
    let inFlight = 8 + 4 * stages.reduce(0) { $0 + $1.workers }
    let tandem = Tandem(stages: stages, framesInFlight: inFlight)
    let found = Bottleneck(tandem.load())
    let slowest = try #require(
      stages.indices.max {
        stages[$0].serviceS / Double(stages[$0].workers) < stages[$1].serviceS / Double(stages[$1].workers)
      })
    #expect(found.limit == .stage("s\(slowest)"))

    stages[slowest].serviceS = 0
    let without = Tandem(stages: stages, framesInFlight: inFlight).speed()
    #expect(abs((found.nextFPS ?? 0) - without) < 0.03 * without)

    let model = CapacityModel(load: tandem.load(), countsCPU: false, isPaced: false)
    guard slowest > 0 else { return }
    stages[slowest] = tandem.stages[slowest]
    stages[slowest].workers += 1
    let helped = Tandem(stages: stages, framesInFlight: inFlight).speed()
    let factor = Double(stages[slowest].workers) / Double(stages[slowest].workers - 1)
    let foretold = try #require(model.limit([.init(stage: "s\(slowest)", workers: factor)])?.fps)
    #expect(abs(foretold - helped) < 0.03 * helped)
  }

  @Test("given room for one frame, when the simulation runs, then it is that room that limits")
  func oneAtATime() {
    let stages =
      [Tandem.Stage(serviceS: 0.002, workers: 1)]
      + Array(repeating: Tandem.Stage(serviceS: 0.005, workers: 1), count: 3)
    #expect(Bottleneck(Tandem(stages: stages, framesInFlight: 1).load()).limit == .framesInFlight)
    #expect(Bottleneck(Tandem(stages: stages, framesInFlight: 12).load()).limit == .stage("s1"))
  }
}
