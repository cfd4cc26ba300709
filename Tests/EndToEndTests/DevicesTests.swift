import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: devices")
struct DevicesTests {
  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test(
    "given this machine, when shown as JSON, then cores and memory are the system's, and without a library it says why")
  func thisMachine() throws {
    let result = try Command.run(["devices", "--json", "--onnxruntime", "/nonexistent/libonnxruntime.so"])
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(result.output)
    #expect(root["cores"] as? Int ?? 0 >= ProcessInfo.processInfo.activeProcessorCount)
    let memory = Int(ProcessInfo.processInfo.physicalMemory >> 20)
    #expect(abs((root["memory_mb"] as? Int ?? 0) - memory) <= 1)
    let engine = try #require((root["engines"] as? [[String: Any]])?.first)
    #expect((engine["problem"] as? String)?.contains("/nonexistent/libonnxruntime.so") == true)
    #expect((root["class"] as? [String: Any])?["name"] is String)
    #expect((root["power"] as? [String: Any])?["method"] is String)
  }

  @Test(
    "given ONNX Runtime, when shown, then its processor provider is named",
    .enabled(if: TestData.onnxRuntimeLibrary != nil, "needs .deps/lib/libonnxruntime.so"))
  func providers() throws {
    let library = try #require(TestData.onnxRuntimeLibrary).path
    let result = try Command.run(["devices", "--json", "--onnxruntime", library])
    let engine = try #require((try object(result.output)["engines"] as? [[String: Any]])?.first)
    #expect((engine["providers"] as? [String])?.contains("CPUExecutionProvider") == true)
    #expect(engine["problem"] is NSNull)
    #expect(try Command.run(["devices", "--onnxruntime", library]).output.contains("CPUExecutionProvider"))
  }

  @Test("given readings, when calibrated, then the profile serves a run, whose figures are those of its line")
  func calibrate() throws {
    let space = try Workspace()
    // Exactly 3 W + 2 W a core.
    try "busy_cores,watts\n0,3\n1,5\n4,11\n".write(
      to: space.folder.appendingPathComponent("desk.csv"), atomically: true, encoding: .utf8)
    let fit = try Command.run(["devices", "calibrate", "desk.csv", "-o", "out/desk.json"], in: space.folder)
    #expect(fit.status == 0, "\(fit.errors)")
    #expect(fit.output.contains("desk: 3.0 W idle + 2.0 W per busy core, from 3 readings"))
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.synthetic", "config": { "live": false, "frames": 250, "fps": 1000 } },
      { "id": "work", "type": "detect.null", "after": ["in"], "config": { "busyMs": 4 } },
      { "id": "out", "type": "sink.null", "after": ["work"] }
      """)
    let run = try Command.run(
      ["run", file, "--power-profile", "out/desk.json", "--report", "report.json"], in: space.folder)
    #expect(run.status == 0, "\(run.errors)")
    let report = try space.report()
    let power = try #require(report["power"] as? [String: Any])
    if power["method"] as? String == "profile" {
      #expect(run.output.contains("(estimated: desk, 3 W idle + 2 W per busy core)"))
      let seconds = try #require(power["seconds"] as? Double), energy = try #require(power["energy_j"] as? Double)
      let work = try #require((report["stages"] as? [String: [String: Any]])?["work"])
      let joules = try #require(work["energy_j"] as? Double), cpu = try #require(work["cpu_ms"] as? Double)
      #expect(abs((power["idle_j"] as? Double ?? 0) - 3 * seconds) < 0.01 * energy)
      // 2 J for each CPU second of the stage; what it took before the run began, some milliseconds, is not in it.
      #expect(abs(joules - 2 * cpu / 1000) < 0.05 * joules)
    }
  }

  @Test("given no readings, or a profile that is none, when used, then the exit code and the message say so")
  func mistakes() throws {
    let space = try Workspace()
    let missing = try Command.run(["devices", "calibrate", "none.csv"], in: space.folder)
    #expect(missing.status == 66)
    #expect(missing.errors.contains("none.csv"))
    try "busy_cores,watts\n0,3\n".write(
      to: space.folder.appendingPathComponent("one.csv"), atomically: true, encoding: .utf8)
    #expect(try Command.run(["devices", "calibrate", "one.csv"], in: space.folder).status == 65)
    #expect(!FileManager.default.fileExists(atPath: space.folder.appendingPathComponent("power-profile.json").path))
    let file = try space.pipeline(
      #"{ "id": "in", "type": "source.synthetic" }, { "id": "out", "type": "sink.null", "after": ["in"] }"#)
    let run = try Command.run(["run", file, "--power-profile", "intel-n10"], in: space.folder)
    #expect(run.status == 64)
    #expect(run.errors.contains("did you mean 'intel-n100'"))
  }
}
