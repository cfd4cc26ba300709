import Testing

@testable import Measure
@testable import Pipeline

/// Loads for tests: ten seconds, 600 frames, a file through scaling and a detector on two cores.
private enum Loads {
  static func source(
    busyS: Double, cpuS: Double? = nil, worked: Int = 600, live: Bool = false, pausedS: Double = 0,
    dropped: [DropReason: Int] = [:], type: String = "source.ffmpeg", tips: [StageTip] = []
  ) -> StageLoad {
    // What is left of the ten seconds it waits for a place.
    let blocked = max(0, 10 - busyS - pausedS)
    return StageLoad(
      id: "camera", type: type, role: .source, worked: worked, offered: worked, busyS: busyS, cpuS: cpuS ?? busyS,
      utilisation: (live ? cpuS ?? busyS : busyS) / 10, dropped: dropped,
      waiting: .init(isLive: live, pausedS: pausedS, blockedS: live ? 0 : blocked),
      tips: tips)
  }

  static func stage(
    _ id: String, _ type: String, role: StageRole = .transform, workers: Int = 1, maximum: Int = 64, worked: Int = 600,
    offered: Int = 600, busyS: Double, cpuS: Double? = nil, dropped: [DropReason: Int] = [:],
    needsOrder: Bool = false, tips: [StageTip] = []
  ) -> StageLoad {
    StageLoad(
      id: id, type: type, role: role, workers: workers, maximumWorkers: maximum, worked: worked, offered: offered,
      busyS: busyS, cpuS: cpuS ?? busyS, utilisation: busyS / 10 / Double(workers), dropped: dropped,
      needsOrder: needsOrder, tips: tips)
  }

  static func run(
    _ stages: [StageLoad], cpuS: Double? = nil, others: Double? = nil, cores: Double = 2, admitted: Int = 600,
    delivered: Int = 600, inFlight: Int = 8, latencyS: Double = 0.1, deadlineMs: Double? = nil, int8: Bool = false
  ) -> RunLoad {
    RunLoad(
      wallS: 10, cores: cores, processCPUS: cpuS ?? stages.reduce(0) { $0 + $1.cpuS }, otherProgramsCPUS: others,
      admitted: admitted, delivered: delivered, framesInFlight: inFlight, meanLatencyS: latencyS,
      medianLatencyMs: latencyS * 1000, deadlineMs: deadlineMs, hasInt8DotProduct: int8, stages: stages)
  }
}

@Suite("What limits a run")
struct BottleneckTests {
  // 320 x 192 of 416 x 256 pixels.
  private static let shape = StageTip(
    "shape=[192,320]", "small things are found less often", for: [.throughput, .latency],
    work: 320.0 * 192 / (416 * 256))
  private static let interval = StageTip(
    "interval=2", "frames in between have no boxes", work: 0.5, alsoSpares: ["scale"])
  private static let threads = StageTip("threads=2", "one frame is done sooner", for: [.latency], if: .freeCores)
  private static let int8 = StageTip(nil, "an INT8 model at objects.model", if: .int8DotProduct)

  @Test(
    "given one worker that is always at work and a free core, then that stage limits, and a second worker is as good as the cores allow"
  )
  func oneStage() {
    let load = Loads.run(
      [
        Loads.source(busyS: 3), Loads.stage("scale", "preprocess.letterbox", busyS: 2),
        Loads.stage("objects", "detect.yolo", busyS: 9.8, tips: [Self.shape, Self.interval, Self.int8]),
      ], cpuS: 15)
    let found = Bottleneck(load)
    #expect(found.limit == .stage("objects"))
    #expect(found.headline == "objects (detect.yolo) limits the run: its worker is busy 98 % of the time")
    // Without it: decoding takes 5 ms a frame, scaling 3.3 ms, all of it (15 - 9.8) / 600 s of two cores.
    #expect(abs((found.nextFPS ?? 0) - 200) < 0.01)
    #expect(
      found.costs == [
        "without objects the rate would be 200 frames/s instead of 60.0 (3.3 times as many); the next limit is camera"
      ])
    // Two workers could do 122, but a frame costs 25 ms of CPU, which is 80 a second on two cores: 80 / 61.2 of now.
    #expect(found.reliefs.first == "objects.workers=2 would give up to 78.4 frames/s; 0.50 of 2 cores are free")
    #expect(
      found.reliefs.contains {
        $0.hasPrefix("objects.shape=[192,320] would give up to 104 frames/s")
      }, "\(found.reliefs)")
    #expect(
      found.reliefs.contains {
        $0.hasPrefix("objects.interval=2 would give up to 120 frames/s; frames in between have no boxes")
      })
    #expect(!found.reliefs.contains { $0.contains("INT8") }, "the processor has no instructions for it")
  }

  @Test(
    "given every core busy, then the cores limit, nobody is told to take more workers, and the dearest stage is named")
  func cores() {
    let load = Loads.run(
      [
        Loads.source(busyS: 3), Loads.stage("scale", "preprocess.letterbox", busyS: 1),
        // Its workers waited for a core for 4.4 of their 19.8 seconds.
        Loads.stage(
          "objects", "detect.yolo", workers: 2, busyS: 19.8, cpuS: 15.4, tips: [Self.threads, Self.interval, Self.int8]),
        Loads.stage("tracks", "track.sort", maximum: 1, busyS: 0.1),
      ], cpuS: 19.6, int8: true)
    let found = Bottleneck(load)
    #expect(found.limit == .cores)
    #expect(
      found.headline == "the cores limit the run: 1.96 of 2 are busy with this program, so more workers do not help")
    #expect(!found.reliefs.contains { $0.contains("workers=") || $0.contains("threads=") }, "\(found.reliefs)")
    #expect(found.costs.first == "shares of its CPU time: objects 79 %, camera 15 %, scale 5.1 %")
    // Without the detector 4.2 CPU seconds are left for 600 frames, and decoding alone is at most 200 a second.
    #expect(abs((found.nextFPS ?? 0) - 200) < 0.01)
    // Half of the detector's and of the scaling's work: 19.6 - 7.7 - 0.5 = 11.4 s for 600 frames on two cores; now 61.2.
    #expect(
      found.reliefs.contains("objects.interval=2 would give up to 103 frames/s; frames in between have no boxes"),
      "\(found.reliefs)")
    #expect(found.reliefs.contains { $0.contains("INT8 model at objects.model") })
  }

  @Test(
    "given other programs on the cores, then they are named, and the speed without them is that of the slowest stage")
  func otherPrograms() {
    let load = Loads.run(
      [Loads.source(busyS: 1), Loads.stage("objects", "detect.yolo", busyS: 9.8, cpuS: 5)], cpuS: 6, others: 13.5)
    let found = Bottleneck(load)
    #expect(found.limit == .cores)
    #expect(
      found.headline
        == "the cores limit the run: 0.60 of 2 are busy with this program and 1.35 with other programs, so more workers do not help"
    )
    // One worker of 5 / 600 CPU seconds a frame: 120; two cores would do 200.
    #expect(found.reliefs.first == "without the other programs the rate could be up to 120 frames/s")
  }

  @Test(
    "given other programs on the cores that leave one worker its own, then that worker limits, and another one needs the cores that they take"
  )
  func ownCore() {
    let load = Loads.run(
      [Loads.source(busyS: 1), Loads.stage("objects", "detect.yolo", busyS: 9.9, cpuS: 9.8)], cpuS: 11, others: 8)
    let found = Bottleneck(load)
    #expect(found.limit == .stage("objects"))
    // Two workers of 16.5 ms do 121 frames/s; the cores 2 x 600 / 11 = 109; now the worker does 60.6.
    #expect(
      found.reliefs.first
        == "objects.workers=2 would give up to 108 frames/s; without the other programs, which take 0.80 of 2 cores")
  }

  @Test("given a camera whose frames all arrive, then the source limits, whatever waits for it, and the room is told")
  func liveSource() {
    // It waits for the camera in the midst of its work: busy 10 s, of which 1 s of CPU.
    let load = Loads.run([
      Loads.source(busyS: 10, cpuS: 1, live: true), Loads.stage("objects", "detect.yolo", busyS: 6),
    ])
    let found = Bottleneck(load)
    #expect(found.limit == .sources)
    #expect(found.headline == "the sources set the rate: 60.0 frames/s arrive, and none is lost")
    // The detector could do 600 / 6 s, the cores 2 x 600 / 7 s.
    #expect(
      found.costs.contains(
        "the pipeline has capacity for about 100 frames/s, 1.7 times as many; then the limit would be objects"))
    #expect(found.nextFPS == nil)
  }

  @Test(
    "given a file at the speed of its own time, then the source limits and the setting is named; without pauses it does not"
  )
  func realtimeFile() {
    let pace = StageTip("realtime=false", "reads the file as fast as there is room", for: [.pace])
    let source = Loads.source(busyS: 1, pausedS: 8, tips: [pace])
    let work = Loads.stage("objects", "detect.yolo", busyS: 2)
    #expect(Bottleneck(Loads.run([source, work])).limit == .sources)
    #expect(
      Bottleneck(Loads.run([source, work])).reliefs == [
        "camera.realtime=false: reads the file as fast as there is room"
      ])
    let late = Loads.source(busyS: 1, pausedS: 0.2), full = Loads.stage("objects", "detect.yolo", busyS: 9.9)
    #expect(Bottleneck(Loads.run([late, full])).limit == .stage("objects"))
  }

  @Test(
    "given an overload of a live pipeline, then the busy stage limits, the losses are its cost, and the camera is the next limit"
  )
  func liveOverload() {
    let load = Loads.run(
      [
        Loads.source(busyS: 10, cpuS: 1, live: true),
        Loads.stage("objects", "detect.yolo", worked: 360, busyS: 9.9, dropped: [.oldest: 240]),
      ], delivered: 360)
    let found = Bottleneck(load)
    #expect(found.limit == .stage("objects"))
    #expect(found.costs.first == "240 of 600 frames are lost (40 %)")
    #expect(found.nextFPS == 60)
    #expect(found.costs.last?.hasSuffix("the next limit is the sources") == true)
    // Two workers: 72.7 frames/s could be done, the cores allow 68.7, the camera brings 60: all 600 frames.
    #expect(
      found.reliefs.first?.hasPrefix("objects.workers=2 would give up to 59.4 frames/s") == true, "\(found.reliefs)")
  }

  @Test("given few accidental losses, then they change nothing")
  func accidents() {
    let load = Loads.run(
      [
        Loads.source(busyS: 10, cpuS: 1, live: true, dropped: [.noCredit: 3]),
        Loads.stage("objects", "detect.yolo", busyS: 5),
      ],
      delivered: 597)
    let found = Bottleneck(load)
    #expect(found.limit == .sources)
    #expect(found.headline == "the sources set the rate: 60.0 frames/s arrive, and 0.5 % are lost")
  }

  @Test("given late frames though nobody is busy, then the deadline limits")
  func deadline() {
    let load = Loads.run(
      [
        Loads.source(busyS: 10, cpuS: 1, live: true),
        Loads.stage(
          "objects", "detect.yolo", workers: 2, worked: 480, busyS: 8, dropped: [.late: 120],
          tips: [Self.threads, Self.interval]),
      ], delivered: 480, latencyS: 0.048, deadlineMs: 50)
    let found = Bottleneck(load)
    #expect(found.limit == .deadline)
    #expect(
      found.headline
        == "the deadline of 50 ms limits the run: frames take too long although no stage is busy more than 40 % of the time"
    )
    #expect(found.reliefs.first == "a longer budget.deadlineMs: half of the delivered frames take 48 ms")
    #expect(found.reliefs.dropFirst() == ["objects.threads=2: one frame is done sooner"])
  }

  @Test("given a queue that overflows, or credits that run out, though nobody is busy, then they are named")
  func bursts() {
    func load(_ source: [DropReason: Int], _ stage: [DropReason: Int]) -> RunLoad {
      Loads.run(
        [
          Loads.source(busyS: 10, cpuS: 1, live: true, dropped: source),
          Loads.stage("objects", "detect.yolo", worked: 500, busyS: 4, dropped: stage),
        ], delivered: 500, inFlight: 6)
    }
    let queue = Bottleneck(load([:], [.oldest: 100]))
    #expect(queue.limit == .queue("objects"))
    #expect(queue.reliefs == ["a higher objects.queue.capacity, which costs memory and latency"])
    #expect(Bottleneck(load([.noCredit: 100], [:])).limit == .framesInFlight)
  }

  @Test("given one frame at a time, then framesInFlight limits by Little's law; with time to spare no part does")
  func framesInFlight() {
    let stages = [Loads.source(busyS: 3), Loads.stage("objects", "detect.yolo", busyS: 5)]
    // 60 frames/s x 1/60 s = 1 frame on its way.
    let one = Bottleneck(Loads.run(stages, inFlight: 1, latencyS: 1.0 / 60))
    #expect(one.limit == .framesInFlight)
    #expect(one.costs == ["objects would allow 120 frames/s; the run delivers 60.0"])
    let spread = Bottleneck(Loads.run(stages, inFlight: 8, latencyS: 1.0 / 60))
    #expect(spread.limit == .spread)
    #expect(spread.headline == "no single part limits the run: objects (detect.yolo) is busy 50 % of the time")
  }

  @Test("given decoding or a sink that is always at work, then it limits, with its own settings as relief")
  func sourceAndSink() {
    let work = Loads.stage("objects", "detect.yolo", busyS: 2)
    let tips = [
      StageTip("threads=2", "decodes on two cores", if: .freeCores),
      StageTip("skip.frames=nonReference", "fewer frames"),
    ]
    let decoding = Bottleneck(Loads.run([Loads.source(busyS: 9.7, tips: tips), work]))
    #expect(decoding.limit == .stage("camera"))
    #expect(decoding.headline == "camera (source.ffmpeg) limits the run: its thread is busy 97 % of the time")
    #expect(
      decoding.reliefs == [
        "camera.threads=2: decodes on two cores; 0.83 of 2 cores are free",
        "camera.skip.frames=nonReference: fewer frames",
      ])
    let video = Loads.stage(
      "video", "sink.video", role: .sink, maximum: 1, busyS: 9.5, tips: [StageTip(nil, "a lower height")])
    let encoding = Bottleneck(Loads.run([Loads.source(busyS: 2), work, video]))
    #expect(encoding.limit == .stage("video"))
    #expect(encoding.reliefs == ["a lower height"])
  }

  @Test("given a stage that needs the frames in order, then it is not told to take more workers")
  func orderedScaling() {
    func reliefs(_ needsOrder: Bool) -> [String] {
      Bottleneck(
        Loads.run([
          Loads.source(busyS: 2), Loads.stage("scale", "preprocess.letterbox", busyS: 9.5, needsOrder: needsOrder),
          Loads.stage("objects", "detect.yolo", busyS: 2),
        ])
      ).reliefs
    }
    #expect(reliefs(false).contains { $0.hasPrefix("scale.workers=2") })
    #expect(!reliefs(true).contains { $0.contains("workers") })
  }

  @Test("given two sources, when one's stage is full, then its speed counts by the frames that reach it")
  func twoSources() {
    var second = Loads.source(busyS: 1, worked: 300)
    second.id = "other"
    // 300 of the 600 frames go through 'dear', at 33 ms each: the pipeline does 60 frames/s, as now.
    let load = Loads.run([
      Loads.source(busyS: 1, worked: 300), second,
      Loads.stage("dear", "detect.yolo", worked: 300, offered: 300, busyS: 9.9),
    ])
    let found = Bottleneck(load)
    #expect(found.limit == .stage("dear"))
    // Each source does 300 frames/s of its own, which is 600 of both; the cores 2 x 600 / 2 s.
    #expect(abs((found.nextFPS ?? 0) - 600) < 0.01)
  }

  @Test("given nothing that ran, then it says so")
  func nothing() {
    #expect(Bottleneck(Loads.run([Loads.source(busyS: 0)], admitted: 0, delivered: 0)).limit == .nothing)
  }
}
