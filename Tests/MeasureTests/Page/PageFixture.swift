import Foundation

@testable import Measure
@testable import Pipeline

/// Contents of pages as they come from runs of different kinds.
enum PageFixture {
  /// Two cameras and two detectors with a power budget, for a minute; the second half has more to do than can be done.
  static let cameras: ProfileContent = {
    let stages = [
      stage(
        "cameras", "source.ffmpeg", .source, service: (3.1, 6.4, 9.2), cpu: 6.2, use: 0.17, joules: 38,
        dropped: ["no-credit": 41]),
      stage(
        "scale", "preprocess.letterbox", service: (1.9, 2.7, 4.1), queue: (0.08, 0.9, 3.3), cpu: 2.2, use: 0.11,
        joules: 16),
      stage(
        "objects", "detect.yolo", workers: 2, service: (31.4, 44.8, 58.2), queue: (12.7, 71.0, 96.4), cpu: 34,
        use: 0.93, joules: 212, dropped: ["late": 132, "overflow": 18], instructions: 182_400_000),
      stage(
        "faces", "detect.face", service: (9.8, 13.6, 17.9), queue: (0.31, 6.2, 14.8), cpu: 10.4, use: 0.46, joules: 71),
      stage(
        "tracks", "track.bytetrack", service: (0.21, 0.38, 0.71), queue: (0.012, 0.05, 0.4), cpu: 0.26, use: 0.01,
        joules: 1.7),
      stage(
        "events", "sink.jsonl", .sink, service: (0.06, 0.12, 0.33), queue: (0.01, 0.03, 0.2), cpu: 0.09, use: 0.004,
        joules: 0.6),
    ]
    let moments = (1...60).map { second -> ProfileMoment in
      let t = Double(second)
      let wave = sin(t / 4) + sin(t * 1.7) * 0.4
      let isBusy = second > 30
      return ProfileMoment(
        seconds: t, deliveredPerSecond: isBusy ? 43 + wave * 2 : 49 + wave * 0.6,
        droppedPerSecond: isBusy
          ? [
            ProfileLoss(stage: "objects", reason: "late", perSecond: max(0, (4.4 + wave * 3).rounded())),
            ProfileLoss(stage: "cameras", reason: "no-credit", perSecond: second % 5 == 0 ? 7 : 0),
            ProfileLoss(stage: "objects", reason: "overflow", perSecond: second == 41 ? 12 : second == 52 ? 6 : 0),
          ] : [],
        queueDepth: [
          "scale": second % 7 == 0 ? 1 : 0, "objects": isBusy ? min(4, 2 + second % 3) : second % 2,
          "faces": second % 4 == 0 ? 2 : 0, "tracks": 0, "events": 0,
        ],
        watts: 10.6 + (isBusy ? 1.8 : 0) + wave * 0.4, rssMB: 318 + min(60, t * 6) + wave)
    }
    return ProfileContent(
      pipeline: "smart-camera", version: "1.0.0",
      machine: "AMD EPYC 7763, 2 cores, 3904 MB, Debian GNU/Linux 12 (bookworm)", cores: 2,
      engines: ["ONNX Runtime 1.31.1 (CPUExecutionProvider)"], startedAt: "2026-01-12T09:30:04.120Z", wallS: 60.2,
      fps: 45.8, realtimeFactor: 0.92, admitted: 2950, delivered: 2757, dropped: 191, failed: 0, cpuS: 101.5,
      peakMemoryMB: 381.4,
      power: ProfilePower(
        source: "estimated: generic-x86-server, 10 W idle + 4 W per busy core", meanW: 11.7, energyJ: 704.3,
        idleJ: 346.2, otherJ: 18.8, budgetW: 12),
      bottleneck: ProfileBottleneck(
        headline: "objects is the bottleneck: its 2 workers are busy 93 % of the time",
        details: [
          "It takes 31.4 ms a frame at the median; the frames wait 12.7 ms for it.",
          "Both cores are busy: a smaller input size or interval 2 would help, more workers would not.",
          "Without it the next limit would be faces, at 102 frames a second.",
        ]),
      stages: stages, timeline: moments,
      streams: [
        ProfileStream(
          id: "front-door", latency: .init(p50: 52.1, p95: 118.2, p99: 141.0, max: 203.4), attainment: 0.914,
          delivered: 1391, dropped: 84),
        ProfileStream(
          id: "car-park", latency: .init(p50: 54.9, p95: 121.7, p99: 139.2, max: 188.1), attainment: 0.902,
          delivered: 1366, dropped: 107),
      ],
      notes: [
        "Processor instructions of stages other than objects: the kernel gives this process no counter (perf_event_paranoid 3)."
      ])
  }()

  /// A file read as fast as it goes: nothing dropped, no power, no deadline, no model.
  static let file = ProfileContent(
    pipeline: "count-lines", version: "1.0.0", machine: "Raspberry Pi 4 Model B, 4 cores, 3792 MB", cores: 4,
    engines: [],
    startedAt: "2026-01-12T09:30:04Z", wallS: 4.31, fps: 231.8, realtimeFactor: 9.27, admitted: 999, delivered: 999,
    dropped: 0, failed: 0, cpuS: 4.9, peakMemoryMB: 88.2, power: nil,
    bottleneck: ProfileBottleneck(headline: "decoding is the bottleneck", details: []),
    stages: [
      stage("decode", "source.ffmpeg", .source, service: (4.1, 4.6, 5.2), cpu: 4.4, use: 0.98),
      stage(
        "out", "sink.null", .sink, service: (0.001, 0.002, 0.004), queue: (0.004, 0.01, 0.02), cpu: 0.01, use: 0.001),
    ],
    timeline: (1...8).map {
      ProfileMoment(
        seconds: Double($0) * 0.5, deliveredPerSecond: 230 + Double($0 % 3), droppedPerSecond: [],
        queueDepth: ["out": 0], watts: nil, rssMB: 80 + Double($0))
    },
    streams: [
      ProfileStream(
        id: "video.mp4", latency: .init(p50: 5, p95: 6.1, p99: 7.4, max: 9), attainment: nil, delivered: 999, dropped: 0
      )
    ])

  /// Names that try to be more than names.
  static let hostile: ProfileContent = {
    var content = cameras
    let names = [
      "<script>document.title = 'owned'</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
      String(repeating: "long-", count: 400), "</title></svg></style>&amp;]]>\u{0}\u{1B}[31m\u{FFFE}",
      "\u{202E}gnp.exe",
    ]
    for index in content.stages.indices {
      content.stages[index].id = names[index % names.count]
      content.stages[index].type = names[(index + 1) % names.count]
      content.stages[index].dropped = [names[(index + 2) % names.count]: 3 + index]
    }
    content.pipeline = names.joined(separator: " ")
    content.machine = names[3]
    content.engines = names
    content.startedAt = names[4]
    content.version = names[1]
    content.power?.source = names[0]
    content.bottleneck = ProfileBottleneck(headline: names[3], details: names)
    content.notes = names
    for index in content.timeline.indices {
      content.timeline[index].droppedPerSecond = [ProfileLoss(stage: names[0], reason: names[2], perSecond: 1)]
      content.timeline[index].queueDepth = [names[0]: 1, names[3]: 2]
    }
    content.streams = names.map {
      ProfileStream(
        id: $0, latency: .init(p50: .nan, p95: .infinity, p99: 1e300, max: -1), attainment: .nan, delivered: .max,
        dropped: .min)
    }
    return content
  }()

  /// Hours of a large pipeline with many cameras.
  static let large: ProfileContent = {
    var content = cameras
    content.pipeline = "forty stages, sixty-four cameras, six hours"
    content.stages = (0..<40).map { index -> ProfileStage in
      let time = Double(index)
      return stage(
        "stage-\(index)", "detect.yolo", index == 0 ? .source : .transform, service: (1 + time, 3 + time, 9 + time),
        queue: index == 0 ? nil : (2, 5, 20), cpu: 3, use: time / 40, joules: time * time / 20,
        dropped: index % 3 == 0 ? ["late": index * 1000] : [:])
    }
    content.wallS = 21_600
    content.timeline = (1...21_600).map { second -> ProfileMoment in
      let losses = (0..<13).map { index -> ProfileLoss in
        ProfileLoss(stage: "stage-\(index * 3)", reason: "late", perSecond: Double(second * (3 + index) % 17))
      }
      var depths: [String: Int] = [:]
      for index in 1..<40 { depths["stage-\(index)"] = second * index % 5 }
      return ProfileMoment(
        seconds: Double(second), deliveredPerSecond: 900 + Double(second * 7919 % 101), droppedPerSecond: losses,
        queueDepth: depths, watts: 40 + Double(second * 31 % 13), rssMB: 2000 + Double(second) / 50)
    }
    content.streams = (0..<64).map { index in
      ProfileStream(
        id: "camera-\(index)", latency: .init(p50: 40, p95: 80 + Double(index), p99: 120, max: 300), attainment: 0.99,
        delivered: 120_000, dropped: index)
    }
    return content
  }()

  /// A run that ended before anything happened.
  static let nothing = ProfileContent(
    pipeline: "", version: "1.0.0", machine: "", cores: 1, engines: [], startedAt: "", wallS: 0, fps: 0,
    realtimeFactor: 0,
    admitted: 0, delivered: 0, dropped: 0, failed: 0, cpuS: 0, peakMemoryMB: 0, power: nil,
    bottleneck: ProfileBottleneck(headline: "No frame came.", details: []), stages: [], timeline: [], streams: [])

  static let all: [(name: String, content: ProfileContent)] = [
    ("cameras", cameras), ("file", file), ("hostile", hostile), ("large", large), ("nothing", nothing),
  ]

  private static func stage(
    _ id: String, _ type: String, _ role: StageRole = .transform, workers: Int = 1, service: (Double, Double, Double),
    queue: (Double, Double, Double)? = nil, cpu: Double, use: Double, joules: Double? = nil,
    dropped: [String: Int] = [:],
    instructions: Double? = nil
  ) -> ProfileStage {
    ProfileStage(
      id: id, type: type, role: role, workers: workers, framesIn: 2757, framesOut: 2757, dropped: dropped, failed: 0,
      fps: 45.8,
      service: .init(p50: service.0, p95: service.1, p99: service.2, max: service.2 * 1.6),
      queue: queue.map { .init(p50: $0.0, p95: $0.1, p99: $0.2, max: $0.2 * 1.4) },
      queueCapacity: queue == nil ? nil : 4,
      cpuMsPerFrame: cpu, cpuS: cpu * 2757 / 1500, utilisation: use, energyJ: joules, powerW: joules.map { $0 / 60.2 },
      instructionsPerFrame: instructions)
  }
}
