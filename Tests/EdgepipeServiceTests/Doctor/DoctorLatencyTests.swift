import Testing

@testable import EdgepipeService

@Suite("The doctor: latency")
struct DoctorLatencyTests {
  @Test("given a run that keeps up, when examined, then nothing is found")
  func healthy() throws {
    #expect(try ReportText().findings().isEmpty)
    // Two lost frames of 300 are an accident.
    #expect(try ReportText.with { $0.lose(2, "late", in: \.objects) }.findings().isEmpty)
  }

  @Test(
    "given a detector that needs more than a core has, when frames are lost, then it is the cause, with an interval")
  func slowDetector() throws {
    let report = ReportText.with {
      $0.lose(200, "queue-oldest", in: \.objects)
      // 100 ms on a core for each of 100 frames: 10 frames/s where 30 come.
      $0.objects["worked"] = 100
      $0.objects["work_ms"] = 10_000.0
      $0.objects["cpu_ms"] = 9_900.0
    }
    let findings = try report.findings(models: [.init(name: "yolox-nano-int8", precision: "int8")])
    #expect(findings.causes == [.slowDetector])
    #expect(findings[0].subject == "objects" && findings[0].symptom == .latency)
    #expect(findings.value("work_ms") == 100 && findings.value("capacity_fps") == 10)
    #expect(abs(findings[0].weight - 2.0 / 3) < 0.001, "all of the two thirds that are lost")
    #expect(findings.commands.contains("edgepipe run yard.json --set objects.interval=3"))
    #expect(findings.commands.first == "edgepipe run yard.json --set objects.model=yolox-nano-int8")
    let live = try report.findings(control: "/run/c.sock").commands
    #expect(live.contains("edgepipe ctl set objects interval=3 --control /run/c.sock"))
  }

  @Test(
    "given a detector that waits for its core, when other programs run, then they are the cause and it comes second")
  func otherPrograms() throws {
    let report = ReportText.with {
      $0.lose(200, "queue-oldest", in: \.objects)
      // 20 ms on a core would do for 50 frames/s; it waits for four fifths of its work.
      $0.objects["worked"] = 100
      $0.objects["work_ms"] = 10_000.0
      $0.objects["cpu_ms"] = 2_000.0
      $0.resource("other_programs_cpu_s", 16.0)
    }
    let findings = try report.findings()
    #expect(findings.causes == [.otherPrograms, .slowDetector])
    #expect(abs(findings[0].weight / findings[1].weight - 4) < 0.01)
    #expect(findings.value("other_cores") == 1.6 && findings.value("waiting_share") == 0.8)
  }

  @Test("given frames that are lost before the slow stage, when others run, then it is judged by all that come")
  func lostBefore() throws {
    var report = ReportText.with {
      // A fifth of 30 frames/s reaches the last stage, whose 70 ms on a core would do for 14 frames/s.
      $0.lose(240, "queue-oldest", in: \.objects)
      for (key, value) in ["in": 60, "worked": 60] { $0.events[key] = value }
      $0.events["work_ms"] = 10_000.0
      $0.events["cpu_ms"] = 4_200.0
      $0.resource("other_programs_cpu_s", 16.0)
    }
    #expect(try report.findings().causes == [.otherPrograms, .slowOutput], "without links nobody knows")
    report.root["links"] = [["from": "camera", "to": "objects"], ["from": "objects", "to": "events"]]
    #expect(try report.findings().causes == [.slowOutput, .otherPrograms])
  }

  @Test(
    "given a fast stage that waits for a core for longest, when a later one is slow by itself, then that one is the cause"
  )
  func waitingBefore() throws {
    var report = ReportText.with {
      // 2 ms on a core, and 95 ms until it has it.
      $0.lose(200, "queue-oldest", in: \.events)
      for (key, value) in ["work_ms": 9_500.0, "cpu_ms": 200.0] { $0.events[key] = value }
      $0.events["worked"] = 100
      // 400 ms on a core for each frame.
      for (key, value) in ["in": 100, "worked": 10] { $0.objects[key] = value }
      for (key, value) in ["work_ms": 9_000.0, "cpu_ms": 4_000.0] { $0.objects[key] = value }
      $0.resource("other_programs_cpu_s", 18.0)
      $0.root["links"] = [["from": "camera", "to": "events"], ["from": "events", "to": "objects"]]
    }
    #expect(try report.findings().causes == [.slowDetector, .otherPrograms])
    // The same where it is at work for less than the busy share, as in a run that starts slowly.
    report.objects["worked"] = 5
    for (key, value) in ["work_ms": 4_500.0, "cpu_ms": 2_000.0] { report.objects[key] = value }
    for (key, value) in ["work_ms": 7_000.0, "cpu_ms": 200.0] { report.events[key] = value }
    #expect(try report.findings().causes == [.slowDetector, .otherPrograms])
    // On cores of its own it would do: then it is not the cause.
    for (key, value) in ["work_ms": 9_000.0, "cpu_ms": 50.0] { report.objects[key] = value }
    #expect(try report.findings().causes.first == .otherPrograms)
  }

  @Test(
    "given a stage that takes longer than the deadline, when queues before it lose most frames, then it is the cause")
  func lostBeforeTheDeadline() throws {
    let report = ReportText.with {
      $0.lose(200, "queue-oldest", in: \.events)
      $0.stream["late"] = 5
      $0.objects["worked"] = 5
      for (key, value) in ["work_ms": 5_000.0, "cpu_ms": 2_000.0] { $0.objects[key] = value }
      $0.resource("other_programs_cpu_s", 18.0)
    }
    let findings = try report.findings()
    #expect(findings.causes == [.slowDetector, .otherPrograms] && findings.value("deadline_ms") == 100)
  }

  @Test("given the same with nothing else on the machine, when examined, then the waiting is the stage's own")
  func slowDevice() throws {
    let report = ReportText.with {
      $0.lose(200, "queue-oldest", in: \.events)
      $0.events["worked"] = 100
      $0.events["work_ms"] = 10_000.0
      $0.events["cpu_ms"] = 100.0
    }
    #expect(try report.findings().causes == [.slowOutput])
  }

  @Test("given a quota that stops the run, when frames are lost, then it is the cause")
  func quota() throws {
    let report = ReportText.with {
      $0.lose(200, "queue-oldest", in: \.objects)
      $0.objects["worked"] = 100
      $0.objects["work_ms"] = 10_000.0
      $0.objects["cpu_ms"] = 2_000.0
      $0.resource("cores", 0.2)
      $0.resource("throttled_s", 7.0)
      $0.resource("other_programs_cpu_s", 0)
    }
    let findings = try report.findings()
    #expect(findings.causes == [.cpuQuota, .slowDetector])
    #expect(findings.value("throttled_share") == 0.7)
  }

  @Test("given more workers than cores, when all wait for them, then fewer are advised")
  func workers() throws {
    let report = ReportText.with {
      $0.lose(100, "late", in: \.objects)
      $0.objects["workers"] = 8
      $0.objects["worked"] = 200
      $0.objects["work_ms"] = 80_000.0
      $0.objects["cpu_ms"] = 10_000.0
      $0.resource("cpu_s", 19.5)
    }
    let findings = try report.findings()
    #expect(findings.causes.first == .tooManyWorkers)
    #expect(findings.commands.contains("edgepipe run yard.json --set objects.workers=2"))
    let one = ReportText.with {
      $0.lose(100, "late", in: \.objects)
      $0.objects["worked"] = 200
      $0.objects["work_ms"] = 10_000.0
      $0.objects["cpu_ms"] = 4_000.0
      $0.camera["cpu_ms"] = 15_000.0
      $0.resource("cpu_s", 19.5)
    }
    let full = try one.findings()
    #expect(full.causes.first == .fullCores)
    #expect(full[0].summary.contains("camera"), "the one that takes the most")
  }

  @Test(
    "given frames that are late although nobody is busy, when one stage takes the most, then it is; else the deadline")
  func deadline() throws {
    var report = ReportText.with {
      $0.lose(290, "late", in: \.objects)
      $0.objects["worked"] = 10
      $0.objects["work_ms"] = 2_000.0
      $0.objects["cpu_ms"] = 2_000.0
    }
    let findings = try report.findings()
    #expect(findings.causes == [.slowDetector] && findings.value("deadline_ms") == 100)
    #expect(findings.commands.contains("edgepipe run yard.json --set 'objects.shape=[192,320]'"))
    // Now each of two stages takes 60 ms.
    report.objects["work_ms"] = 600.0
    report.objects["cpu_ms"] = 600.0
    report.events["worked"] = 10
    report.events["work_ms"] = 601.0
    report.events["cpu_ms"] = 600.0
    report.camera["type"] = "source.ffmpeg"
    #expect(try report.findings().causes == [.slowOutput], "the longer one has just more than half")
    var third = ReportText.stage("track.sort", workMs: 600, cpuMs: 600)
    third["worked"] = 10
    report.camera = third
    report.stream["source"] = "elsewhere"
    #expect(try report.findings().causes == [.shortDeadline])
  }

  @Test(
    "given queues that overflow or no free places although every stage has time, when examined, then the limit is named"
  )
  func limits() throws {
    let bursts = try ReportText.with { $0.lose(50, "queue-oldest", in: \.objects) }.findings()
    #expect(bursts.causes == [.shortQueue])
    #expect(bursts.commands == [#"edgepipe run yard.json --set 'objects.queue={"capacity":8}'"#])
    #expect(try ReportText.with { $0.lose(50, "no-credit", in: \.camera) }.findings().causes == [.framesInFlight])
  }

  @Test(
    "given a file, when a queue drops its frames, then the policy is the cause; when it is slow, then the busy stage is"
  )
  func files() throws {
    let dropping = ReportText.with {
      $0.readsFile(mediaS: 30)
      $0.lose(150, "queue-newest", in: \.objects)
    }
    let findings = try dropping.findings()
    #expect(findings.causes == [.droppingQueue] && findings[0].weight == 0.5)
    #expect(findings.commands[0].contains(#""overflow":"block""#))

    var slow = ReportText.with {
      $0.readsFile(mediaS: 2)
      $0.camera["work_ms"] = 9_800.0
      $0.camera["cpu_ms"] = 9_700.0
      $0.camera["paused_ms"] = 0.0
      $0.camera["blocked_ms"] = 200.0
    }
    #expect(try slow.findings().causes == [.slowDecoder])
    slow.readsFile(mediaS: 12)
    #expect(try slow.findings().isEmpty, "it is faster than its own time")
  }

  @Test(
    "given an encoder with a thread of its own, when that is busy, then the sink is slow though it hardly works itself")
  func encoder() throws {
    let report = ReportText.with {
      $0.lose(100, "queue-oldest", in: \.events)
      $0.events["type"] = "sink.video"
      $0.events["worked"] = 200
      $0.events["work_ms"] = 2_500.0
      $0.events["cpu_ms"] = 9_700.0
    }
    let findings = try report.findings()
    #expect(findings.causes == [.slowOutput])
    #expect(findings.commands.contains("edgepipe run yard.json --set events.preset=ultrafast"))
    // The same where the encoder gets a core for a third of the time only.
    let starved = ReportText.with {
      $0.lose(200, "queue-oldest", in: \.events)
      $0.events["type"] = "sink.video"
      $0.events["worked"] = 60
      $0.events["work_ms"] = 2_500.0
      $0.events["cpu_ms"] = 3_300.0
      $0.resource("other_programs_cpu_s", 15.0)
    }
    #expect(try starved.findings().causes.first == .slowOutput)
  }
}
