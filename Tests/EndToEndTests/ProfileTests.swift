import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: profile")
struct ProfileTests {
  private typealias Object = [String: Any]

  private func stages(_ report: Object) throws -> [String: Object] {
    try #require(report["stages"] as? [String: Object])
  }

  @Test("given stages that burn known CPU times, when profiled, then they are told within 5 %")
  func knownServiceTimes() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.synthetic", "config": { "live": false, "frames": 120, "fps": 100000 } },
      { "id": "short", "type": "detect.null", "after": ["in"], "config": { "busyMs": 5 } },
      { "id": "long", "type": "detect.null", "after": ["short"], "workers": 2, "config": { "busyMs": 20 } },
      { "id": "out", "type": "sink.null", "after": ["long"] }
      """)
    let result = try Command.run(["profile", file, "--report", "report.json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let found = try stages(try space.report())
    for (stage, known) in [("short", 5.0), ("long", 20)] {
      let cpu = try #require(found[stage]?["cpu_ms_per_frame"] as? Double)
      #expect(abs(cpu - known) <= 0.05 * known, "\(stage): \(cpu) ms")
      // On the wall it takes at least as long, and longer where others use the cores.
      let service = try #require(found[stage]?["service_ms"] as? Object)
      #expect(service["p50"] as? Double ?? 0 >= 0.99 * known)
      #expect(result.output.contains("\n\(stage)"))
    }
    let busy = try #require(found["long"]?["utilisation"] as? Double)
    #expect(busy > 0.3 && busy <= 1, "twice the work of the other stage for each of its workers")
    for heading in ["CPU ms/frame", "limit  ", "costs  ", "before the run", "other", "idle"] {
      #expect(result.output.contains(heading), "\(heading)")
    }
  }

  @Test(
    "given a run, when its CPU time is added up, then stages and the rest are the whole process, as the shell counts it"
  )
  func addsUp() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.synthetic", "config": { "live": false, "streams": 2, "frames": 200, "fps": 100000 } },
      { "id": "work", "type": "detect.null", "after": ["in"], "workers": 3, "config": { "busyMs": 8 } },
      { "id": "out", "type": "sink.null", "after": ["work"] }
      """)
    // `times` prints user and system time of the shell, then of its children.
    let script = "'\(Command.edgepipe.path)' profile '\(file)' --quiet --report '\(space.path("report.json"))' && times"
    let shell = try TestData.run(URL(fileURLWithPath: "/bin/bash"), ["-c", script])
    #expect(shell.status == 0)
    let line = try #require(String(decoding: shell.output, as: UTF8.self).split(separator: "\n").last)
    let children = try line.split(separator: " ").map(Self.seconds).reduce(0, +)
    let report = try space.report()
    let whole = try #require(report["cpu_s"] as? Double) * 1000, other = try #require(report["other_cpu_ms"] as? Double)
    let inStages = try stages(report).values.reduce(0.0) { $0 + ($1["cpu_ms"] as? Double ?? 0) }
    #expect(abs(inStages + other - whole) < 1, "rounded to microseconds each")
    // What the process did after the report was made is not in it.
    #expect(abs(whole / 1000 - children) < 0.03 * children, "\(whole) ms, \(children) s")
    #expect(inStages > 0.9 * whole, "nearly all of it is the stages' work")
  }

  /// `0m3.214s`
  private static func seconds(_ text: Substring) throws -> Double {
    let parts = text.dropLast().split(separator: "m").compactMap { Double($0) }
    try #require(parts.count == 2, "\(text)")
    return parts[0] * 60 + parts[1]
  }

  @Test(
    "given branches, workers and losses, when traced, then the file keeps the format and has every frame and loss",
    .enabled(if: TestData.python != nil, "needs .deps/python"))
  func trace() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      { "id": "door", "type": "source.synthetic", "config": { "live": false, "frames": 120, "fps": 400 } },
      { "id": "yard", "type": "source.synthetic", "config": { "frames": 100, "fps": 200 } },
      { "id": "fast", "type": "detect.null", "after": ["door"], "workers": 2, "config": { "busyMs": 1 } },
      { "id": "slow", "type": "detect.null", "after": ["door", "yard"], "config": { "busyMs": 12 },
        "queue": { "capacity": 2, "overflow": "dropOldest" } },
      { "id": "out", "type": "sink.null", "after": ["fast", "slow"] }
      """)
    let result = try Command.run(
      ["profile", file, "--trace", "out/trace.json", "--report", "report.json", "--quiet"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let script = TestData.packageRoot.appendingPathComponent("Tests/EndToEndTests/Golden/check_trace.py").path
    let check = try TestData.run(try #require(TestData.python), [script, space.path("out/trace.json")])
    try #require(check.status == 0)
    let found = try #require(try JSONSerialization.jsonObject(with: check.output) as? Object)
    let report = try space.report(), figures = try stages(report)
    let work = try #require(found["work"] as? [String: Int])
    for stage in ["fast", "slow", "out"] {
      #expect(work[stage] == figures[stage]?["out"] as? Int, "\(stage)")
    }
    #expect(work["door"] == 120 && work["yard"] == 100)
    let losses = try #require(found["losses"] as? [String: Int])
    var expected: [String: Int] = [:]
    for place in try #require((report["ledger"] as? Object)?["dropped_by"] as? [Object]) {
      expected["\(place["stage"] ?? "") \(place["reason"] ?? "")"] = place["count"] as? Int
    }
    #expect(losses == expected)
    #expect(losses.isEmpty == false, "three times as many frames as 'slow' can take")
    #expect(found["threads"] as? [String] == ["door", "fast#0", "fast#1", "lost frames", "out", "slow", "yard"])
    #expect(found["without_room"] as? Int == 0)
    let counters = try #require(found["counters"] as? [String])
    #expect(Set(["queue of slow", "memory", "lost frames"]).isSubset(of: counters))
    #expect(try FileManager.default.contentsOfDirectory(atPath: space.path("out")) == ["trace.json"], "no part is left")
  }

  @Test(
    "given frames at their own pace, when profiled, then the source limits, and JSON has the profile beside the run's report"
  )
  func paced() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.synthetic", "config": { "live": false, "frames": 30, "fps": 20 } },
      { "id": "work", "type": "detect.null", "after": ["in"], "config": { "busyMs": 1 } },
      { "id": "out", "type": "sink.null", "after": ["work"] }
      """)
    let result = try Command.run(["profile", file, "--json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let report = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? Object)
    #expect((report["ledger"] as? Object)?["delivered"] as? Int == 30)
    let profile = try #require(report["profile"] as? Object)
    let bottleneck = try #require(profile["bottleneck"] as? Object)
    #expect(bottleneck["limit"] as? String == "sources")
    #expect((bottleneck["headline"] as? String)?.hasPrefix("the sources set the rate") == true)
    // Instructions are counted, or a note says why not.
    let counted = try stages(report)["work"]?["instructions_per_frame"] is Double
    let notes = try #require(profile["notes"] as? [String])
    #expect(counted != notes.contains { $0.hasPrefix("instructions cannot be counted") })
    let timeline = try #require(profile["timeline"] as? [Object])
    // Over one and a half seconds, four a second; the counts of all moments are the run's.
    #expect(timeline.count >= 2)
    var delivered = 0.0, before = 0.0
    for moment in timeline {
      let now = try #require(moment["s"] as? Double), rate = try #require(moment["delivered_per_s"] as? Double)
      delivered += rate * (now - before)
      before = now
      #expect(moment["rss_mb"] as? Double ?? 0 > 1)
    }
    #expect(abs(delivered - 30) < 0.5)
  }

  @Test("given an overload, when profiled, then what limits is the busy stage or the cores, and the losses are told")
  func overload() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.synthetic", "config": { "frames": 150, "fps": 100 } },
      { "id": "work", "type": "detect.null", "after": ["in"], "config": { "busyMs": 30 } },
      { "id": "out", "type": "sink.null", "after": ["work"] }
      """)
    let result = try Command.run(["profile", file, "--json"], in: space.folder)
    let report = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? Object)
    let bottleneck = try #require((report["profile"] as? Object)?["bottleneck"] as? Object)
    let limit = bottleneck["limit"] as? String
    // On a machine that others keep busy, it is the cores.
    #expect(limit == "stage" && bottleneck["stage"] as? String == "work" || limit == "cores", "\(bottleneck)")
    #expect((bottleneck["costs"] as? [String])?.first?.contains("of 150 frames are lost") == true, "\(bottleneck)")
    // A frame that the queue gave up cost no work.
    let cpu = try #require(try stages(report)["work"]?["cpu_ms_per_frame"] as? Double)
    #expect(abs(cpu - 30) <= 1.5, "\(cpu) ms")
  }

  @Test("given mistakes, when started, then nothing runs and the exit code says which")
  func mistakes() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      #"{ "id": "in", "type": "source.synthetic" }, { "id": "out", "type": "sink.null", "after": ["in"] }"#)
    #expect(try Command.run(["profile", file, "--trace-seconds", "0"], in: space.folder).status == 64)
    for option in ["--trace", "--html", "--report"] {
      let result = try Command.run(["profile", file, option, "."], in: space.folder)
      #expect(result.status == 74, "\(option)")
      #expect(result.errors.contains("it is a folder"))
    }
    #expect(try Command.run(["profile", "none.json"], in: space.folder).status == 66)
  }
}
