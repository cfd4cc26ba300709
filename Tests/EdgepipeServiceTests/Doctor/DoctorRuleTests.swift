import Testing

@testable import EdgepipeService

@Suite("The doctor: memory, accuracy, power, network, failures")
struct DoctorRuleTests {
  @Test("given a run near its limit of memory, when examined, then what holds it is named")
  func memory() throws {
    var report = ReportText.with {
      $0.root["peak_rss_mb"] = 450.0
      $0.resource("memory_limit_mb", 512.0)
    }
    #expect(try report.findings().causes == [.smallMemory])
    report.objects["workers"] = 6
    let sessions = try report.findings()
    #expect(sessions.causes == [.manySessions] && sessions.value("limit_mb") == 512)
    #expect(sessions.commands.first == "edgepipe run yard.json --set objects.workers=1")
    report.events["queue_highest"] = 200
    #expect(try report.findings().causes == [.longQueues])
    report.root["peak_rss_mb"] = 400.0
    #expect(try report.findings().isEmpty, "78 % of it")
    // Without a group's limit the machine's memory counts.
    #expect(try ReportText.with { $0.root["peak_rss_mb"] = 4000.0 }.findings().causes == [.smallMemory])
  }

  @Test("given a budget of memory, when examined, then it is compared without pages of files, as the service does")
  func memoryBudget() throws {
    var report = ReportText.with {
      $0.root["peak_rss_mb"] = 200.0
      $0.resource("memory_budget_mb", 150.0)
      $0.resource("file_pages_mb", 60.0)
    }
    let findings = try report.findings()
    #expect(findings.causes == [.smallMemory] && findings.value("limit_mb") == 150 && findings.value("peak_mb") == 140)
    #expect(findings[0].remedies.first?.what.contains("'budget.memoryMB'") == true)
    report.resource("file_pages_mb", 80.0)
    #expect(try report.findings().isEmpty, "80 % of it")
    // The nearer of two limits is told.
    report.resource("memory_limit_mb", 202.0)
    #expect(try report.findings().value("limit_mb") == 202)
  }

  @Test("given a threshold above most of what the model sees, when examined, then it is told, with the usual one")
  func score() throws {
    var report = ReportText.with {
      $0.fact("score", 0.9)
      $0.fact(
        "left_out_by_score", ["pictures": 10, "found": 4, "left_out": 16, "best_score": 0.89, "above": 0.3])
    }
    let findings = try report.findings(control: "c.sock")
    #expect(findings.causes == [.highScore] && findings[0].weight == 0.8)
    #expect(findings.value("best_left_out") == 0.89)
    #expect(findings.commands.first == "edgepipe ctl set objects score=0.3 --control c.sock")
    report.fact("left_out_by_score", ["pictures": 10, "found": 20, "left_out": 16, "best_score": 0.5, "above": 0.3])
    #expect(try report.findings().isEmpty, "most objects are found")
  }

  @Test("given boxes that are no numbers, when examined, then the model is doubted")
  func notFinite() throws {
    let findings = try ReportText.with { $0.fact("non_finite_boxes", 500) }.findings()
    #expect(findings.causes == [.notFinite] && findings[0].weight == 0.5)
    #expect(findings.commands.contains("edgepipe models verify yolox-nano"))
  }

  @Test(
    "given power above its budget, when the stages take it, then the hottest is named; when idle takes it, the budget")
  func power() throws {
    func report(idle: Double, highest: Double) throws -> [DoctorFinding] {
      try ReportText.with {
        $0.objects["energy_j"] = 50.0
        $0.root["power"] =
          [
            "method": "profile", "estimated": true, "mean_w": highest, "energy_j": highest * 10, "seconds": 10.0,
            "idle_w": idle, "budget": ["power_w": 12.0, "highest_mean_w": highest, "exceeded": highest > 12],
          ] as [String: Any]
      }.findings()
    }
    let hot = try report(idle: 10, highest: 15)
    #expect(hot.causes == [.hotStage] && hot[0].subject == "objects" && hot[0].weight == 0.75)
    #expect(hot[0].figures[0].text.contains("estimated"))
    #expect(try report(idle: 13, highest: 15).causes == [.smallBudget])
    #expect(try report(idle: 10, highest: 11.9).isEmpty)
  }

  @Test("given a stream that is away, refused or lost again and again, when examined, then it is told")
  func streams() throws {
    func report(_ state: String, error: String?, faults: Int = 1, admitted: Int = 300) throws -> [DoctorFinding] {
      try ReportText.with {
        $0.stream["admitted"] = admitted
        $0.stream["health"] =
          ["state": state, "last_error": error as Any, "faults": faults, "changes": [["fault_s": 0.1]]]
          as [String: Any]
      }.findings()
    }
    let away = try report("waiting", error: "cannot open 'rtsp://door/1':\nno route\u{1B}[2J")
    #expect(away.causes == [.streamLost] && away[0].weight == 1)
    #expect(away[0].figures.allSatisfy { !$0.text.contains("\n") && !$0.text.contains("\u{1B}") })
    #expect(try report("refused", error: "401 Unauthorized").causes == [.streamRefused])
    #expect(try report("ended", error: "connection refused", admitted: 0).causes == [.streamLost])
    #expect(try report("streaming", error: "timeout", faults: 4).causes == [.streamLost])
    #expect(try report("streaming", error: "timeout", faults: 1).isEmpty, "once is nothing")
  }

  @Test("given lost packets, when pictures are missing, then the network is to blame; without, the input is")
  func packets() throws {
    var report = ReportText.with {
      $0.camera["counters"] = ["lost_packets": 90, "damaged_frames": 60, "damaged_packets": 9]
    }
    let findings = try report.findings()
    #expect(findings.causes == [.packetsLost])
    #expect(findings.commands.first == "edgepipe run yard.json --set camera.transport=tcp")
    report.camera["counters"] = ["damaged_frames": 60]
    #expect(try report.findings().causes == [.damagedInput])
    report.camera["counters"] = ["damaged_frames": 1]
    #expect(try report.findings().isEmpty, "one in 300")
  }

  @Test("given a receiver that does not take results, when examined, then it is told whether it is away or refuses")
  func receivers() throws {
    func report(_ counts: [String: Any]) throws -> [DoctorFinding] {
      try ReportText.with {
        $0.events["type"] = "sink.http"
        $0.fact("receiver", "https://hooks.example.org/x", of: \.events)
        $0.fact("spool", counts, of: \.events)
      }.findings()
    }
    let away = try report(["waiting": 90, "acknowledged": 10, "failed_attempts": 7, "dropped": 0])
    #expect(away.causes == [.receiverAway] && away[0].weight == 0.9)
    #expect(away.commands[0].hasSuffix(" https://hooks.example.org/x"))
    #expect(try report(["refused": 5, "acknowledged": 15]).causes == [.receiverRefuses])
    #expect(try report(["waiting": 3, "acknowledged": 400, "failed_attempts": 0]).isEmpty, "on its way")
    #expect(try report(["unwritten": 30, "acknowledged": 10]).causes == [.failedWrites])
  }

  @Test("given frames that fail and a run that fails, when examined, then the stage and the error are named, by weight")
  func failures() throws {
    let report = ReportText.with {
      $0.objects["failed"] = 30
      $0.root["errors"] = ["objects: the plugin threw"]
      $0.root["exit"] = 70
    }
    let findings = try report.findings()
    #expect(findings.causes == [.failedRun, .failingStage])
    #expect(findings[1].weight == 0.1 && findings.value("failed") == 30)
  }

  @Test("given several things wrong, when examined, then they are ranked by what they explain")
  func ranked() throws {
    let report = ReportText.with {
      $0.lose(150, "queue-oldest", in: \.objects)
      $0.objects["work_ms"] = 9_900.0
      $0.objects["cpu_ms"] = 9_900.0
      $0.fact("non_finite_boxes", 20)
      $0.root["peak_rss_mb"] = 3_900.0
    }
    let findings = try report.findings()
    #expect(findings.causes == [.smallMemory, .slowDetector, .notFinite])
    #expect(findings.map(\.weight) == findings.map(\.weight).sorted(by: >))
  }
}
