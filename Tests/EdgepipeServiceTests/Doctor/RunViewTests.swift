import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeService

@Suite("The doctor: reading reports")
struct RunViewTests {
  private func error(_ text: String) -> PipelineError? {
    do throws(PipelineError) {
      _ = try RunView(text: text, name: "out/report.json")
      return nil
    } catch { return error }
  }

  @Test("given what is no run report, when read, then the error names the file and the reason")
  func refused() {
    for (text, reason) in [
      ("", "empty"), ("{", "line 1"), ("[1]", "not an object"), ("{}", "no version"), (#"{"v":2}"#, "version is 2"),
      (#"{"v":1,"type":"frame"}"#, "lacks"), (#"{"v":1,"stages":{},"ledger":{},"wall_s":-1}"#, "lacks"),
      (#"{"v":1,"stages":[],"ledger":{},"wall_s":1}"#, "lacks"),
    ] {
      let error = error(text)
      #expect(
        error?.code == .malformed && error?.message.contains(reason) ?? false, "\(text): \(error?.message ?? "-")")
      #expect(error?.message.contains("'out/report.json'") ?? false)
      #expect(error?.remedy?.contains("--report") ?? false)
    }
    #expect(throws: PipelineError.self) { try RunView(file: "/nowhere/report.json") }
  }

  @Test("given the least that a report has, or one of an older version, when examined, then nothing is made up")
  func least() throws {
    let least = try RunView(text: #"{"v":1,"stages":{},"ledger":{},"wall_s":0}"#, name: "x")
    #expect(Doctor.findings(Consultation(run: least, commands: PasteCommands(file: nil))).isEmpty)
    // Before the totals there were only means.
    let old = ReportText.with {
      $0.root["resources"] = nil
      $0.lose(200, "queue-oldest", in: \.objects)
      $0.objects["worked"] = nil
      $0.objects["work_ms"] = nil
      $0.objects["cpu_ms"] = 9_900.0
      $0.objects["service_ms"] = ["count": 100, "mean": 100.0]
    }
    #expect(try old.findings().causes == [.slowDetector])
  }

  @Test("given reports that are damaged anywhere, when examined, then there are findings or an error, and never a trap")
  func damaged() throws {
    let text = try ReportText.with {
      $0.lose(200, "late", in: \.objects)
      $0.fact("spool", ["waiting": 90, "failed_attempts": 7])
      $0.fact("left_out_by_score", ["pictures": 10, "found": 4, "left_out": 16])
      $0.camera["counters"] = ["lost_packets": 90, "damaged_frames": 60]
      $0.root["power"] = ["mean_w": 5.0, "budget": ["power_w": 4.0]] as [String: Any]
    }.text
    let values = [
      "-1", "0", "9223372036854775807", "-9223372036854775808", "1e308", "-1e308", "1e-320", "null", "true", "\"\"",
      "[]", "{}", "\"\u{1B}\"",
    ]
    let bytes = Array(text.utf8), seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix64(seed: seed), read = 0
    for _ in 0..<1500 {
      var damaged = bytes
      switch Int.random(in: 0..<3, using: &random) {
      case 0: damaged.removeLast(Int.random(in: 0...bytes.count, using: &random))
      case 1: damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      default: damaged = Self.replaced(bytes, values.randomElement(using: &random) ?? "0", &random)
      }
      guard let view = try? RunView(text: String(decoding: damaged, as: UTF8.self), name: "x") else { continue }
      read += 1
      let consultation = Consultation(
        run: view, models: [.init(name: "yolox-nano-int8", precision: "int8")], commands: PasteCommands(file: view.file)
      )
      let findings = Doctor.findings(consultation)
      #expect(findings.allSatisfy { (0...1).contains($0.weight) && !$0.figures.isEmpty }, "seed \(seed)")
      _ = Doctor.findings(
        Consultation(run: view.since(try ReportText().view), commands: PasteCommands(file: nil, control: "c")))
    }
    #expect(read > 100, "many of them are reports still")
  }

  /// One number of the document is another value.
  private static func replaced(_ bytes: [UInt8], _ value: String, _ random: inout SplitMix64) -> [UInt8] {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    let colons = bytes.indices.filter { bytes[$0] == UInt8(ascii: ":") && digits.contains(bytes[$0 + 1]) }
    guard let at = colons.randomElement(using: &random) else { return bytes }
    let end = bytes[(at + 1)...].firstIndex { !digits.contains($0) && $0 != UInt8(ascii: ".") } ?? bytes.endIndex
    return Array(bytes[...at]) + Array(value.utf8) + Array(bytes[end...])
  }

  @Test("given two reports of one run, when the time between is examined, then the past does not count")
  func since() throws {
    // 10 s without trouble, then 10 s in which two thirds are lost.
    let before = try ReportText().view
    let after = ReportText.with {
      $0.root["wall_s"] = 20.0
      $0.stream["admitted"] = 600
      $0.stream["media_s"] = 20.0
      $0.lose(200, "queue-oldest", in: \.objects)
      $0.camera["in"] = 600
      $0.camera["out"] = 600
      $0.objects["in"] = 600
      $0.objects["worked"] = 400
      $0.objects["work_ms"] = 13_000.0
      $0.objects["cpu_ms"] = 12_800.0
    }
    let run = try after.view.since(before)
    let findings = Doctor.findings(Consultation(run: run, commands: PasteCommands(file: nil)))
    #expect(findings.causes == [.slowDetector])
    #expect(findings.value("work_ms") == 100)
    #expect(abs((findings.first?.weight ?? 0) - 2.0 / 3) < 0.001)
    #expect(findings.commands.contains("edgepipe run PIPELINE.json --set objects.interval=3"))
    // And the other way round: what is over is over.
    let calm = ReportText.with {
      $0.root["wall_s"] = 20.0
      $0.lose(200, "queue-oldest", in: \.objects)
    }
    let trouble = ReportText.with { $0.lose(200, "queue-oldest", in: \.objects) }
    let now = try calm.view.since(try trouble.view)
    #expect(Doctor.findings(Consultation(run: now, commands: PasteCommands(file: nil))).isEmpty)
  }

  @Test("given names that a shell would act upon, when put into a command, then they are words")
  func words() {
    let commands = PasteCommands(file: "my files/$(reboot).json", control: nil)
    #expect(
      commands.set("a;b", "score", "0.3")
        == "edgepipe run 'my files/$(reboot).json' --set 'a;b.score=0.3'")
    #expect(PasteCommands.word("it's") == "'it'\\''s'")
    #expect(PasteCommands.word("") == "''" && PasteCommands.word("a\nb") == "'a?b'")
  }

  @Test("given all causes, when docs/doctor.md is read, then each has its row")
  func documented() throws {
    let page = try String(
      contentsOf: TestData.packageRoot.appendingPathComponent("docs/doctor.md"), encoding: .utf8)
    for cause in DoctorFinding.Cause.allCases {
      #expect(page.contains("| `\(cause.rawValue)` |"), "\(cause.rawValue)")
    }
    for symptom in DoctorFinding.Symptom.allCases { #expect(page.contains("`\(symptom.rawValue)`")) }
  }
}
