import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: bench")
struct BenchTests {
  private static let model = TestData.model("yunet_n_dynamic.onnx")?.path
  private static let canRun = TestData.onnxRuntimeLibrary != nil && model != nil
  private static let need: Comment = "needs .deps/lib/libonnxruntime.so and models/ of the test data"

  /// The model of the test data, a quick protocol and the library.
  private func bench(_ arguments: String..., in folder: URL = TestData.packageRoot) throws -> CommandResult {
    let model = try #require(Self.model), library = try #require(TestData.onnxRuntimeLibrary).path
    return try Command.run(
      ["bench", model, "--onnxruntime", library, "--warm-up", "1", "--input", "64x32"] + arguments, in: folder)
  }

  private func object(_ value: Any?) throws -> [String: Any] { try #require(value as? [String: Any]) }

  @Test("given a real model, when measured, then JSON and CSV hold the same repeats", .enabled(if: canRun, need))
  func figures() throws {
    let space = try Workspace()
    let result = try bench(
      "--runs", "70", "--batches", "3", "--batch", "1,4", "--repeats", "2", "--json", "--csv", "out/bench.csv",
      "--markdown", "out/bench.md", in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(JSONSerialization.jsonObject(with: Data(result.output.utf8)))
    #expect(root["v"] as? Int == 1 && root["stopped"] as? Bool == false)
    #expect(root["measured"] as? String == "inference")
    #expect((root["engine"] as? String)?.hasPrefix("onnxruntime ") == true)
    #expect(try object(root["model"])["head"] as? String == "yunet")
    #expect(try object(root["protocol"])["repeats"] as? Int == 2)
    #expect(try object(root["power"])["estimated"] is Bool)
    let rows = try #require(root["configurations"] as? [[String: Any]])
    #expect(rows.map { $0["batch"] as? Int } == [1, 4])
    #expect(rows.allSatisfy { $0["width"] as? Int == 64 && $0["height"] as? Int == 32 && $0["unsupported"] is NSNull })
    #expect(rows.map { $0["samples"] as? Int } == [140, 6])

    let latency = try object(rows[0]["latency_ms"])
    let ordered = try ["min", "p50", "p90", "p95", "p99", "max"].map { try #require(latency[$0] as? Double) }
    #expect(ordered == ordered.sorted() && ordered[0] > 0)
    // 140 runs are enough for an estimate of the 90th percentile, which takes 64, and not of the 99th, which takes 662.
    let early = try object(rows[0]["early_stopping_ms"])
    #expect(try #require(early["p90"] as? Double) >= ordered[2] && early["p99"] is NSNull)
    let median = try object(object(rows[0]["over_repeats"])["p50_ms"])
    let ends = try ["lower", "mean", "upper"].map { try #require(median[$0] as? Double) }
    #expect(ends == ends.sorted())
    let memory = try object(rows[0]["memory_mb"])
    #expect(try #require(memory["peak"] as? Double) >= #require(memory["running"] as? Double))
    #expect(try #require(memory["running"] as? Double) > #require(memory["before"] as? Double))
    #expect(try #require(object(rows[0]["energy"])["j_per_picture"] as? Double) > 0)
    #expect(try #require(object(rows[0]["cpu"])["ms_per_inference"] as? Double) > 0)

    let csv = try String(contentsOf: space.folder.appendingPathComponent("out/bench.csv"), encoding: .utf8)
    let lines = csv.split(separator: "\r\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(lines.count == 5 && lines.allSatisfy { $0.count == lines[0].count })
    let repeats = rows.flatMap { $0["per_repeat"] as? [[String: Any]] ?? [] }
    let column = try #require(lines[0].firstIndex(of: "p50_ms"))
    let medians = try repeats.map { try #require($0["p50_ms"] as? Double) }
    // Both have four decimals, and what lies between two may be rounded either way.
    #expect(
      medians.count == 4
        && zip(lines.dropFirst(), medians).allSatisfy {
          abs((Double($0[column]) ?? .nan) - $1) < 1.5e-4
        })
    let markdown = try String(contentsOf: space.folder.appendingPathComponent("out/bench.md"), encoding: .utf8)
    #expect(markdown.contains("| input | batch | p50 ms |") && markdown.contains("| 64x32 | 4 |"))
  }

  @Test("given threads and decoding, when measured, then the table has a row for each", .enabled(if: canRun, need))
  func table() throws {
    let result = try bench(
      "--runs", "4", "--batch", "1,2", "--repeats", "1", "--threads", "1,2", "--workers", "2", "--decode")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("measured: inference and decoding"))
    let rows = result.output.split(separator: "\n").filter { $0.hasPrefix("64x32 ") }
    // Two threads and two tables.
    #expect(rows.count == 4)
    #expect(
      result.output.contains("not measured: 64x32, batch 2, 2 workers: decoding is measured only for single pictures"))
    // A single repeat has no interval.
    #expect(rows.first?.contains(" - ") == true)
  }

  @Test(
    "given an export for one picture, when batches are measured, then its reshapes follow",
    .enabled(if: canRun && TestData.model("yolox_nano.onnx") != nil, need))
  func batches() throws {
    // Its reshapes to [1, 85, -1] would pour all pictures into one; the check of the outputs would refuse that.
    let model = try #require(TestData.model("yolox_nano.onnx")).path
    let library = try #require(TestData.onnxRuntimeLibrary)
    let result = try Command.run([
      "bench", model, "--onnxruntime", library.path, "--warm-up", "0", "--input", "64x64", "--batch", "3", "--batches",
      "2", "--repeats", "1", "--json",
    ])
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(JSONSerialization.jsonObject(with: Data(result.output.utf8)))
    let row = try #require((root["configurations"] as? [[String: Any]])?.first)
    #expect(row["unsupported"] is NSNull && row["samples"] as? Int == 2)
  }

  @Test(
    "given a large batch and a small one, when measured, then each has a peak of its own", .enabled(if: canRun, need))
  func memory() throws {
    let result = try bench("--batch", "256,1", "--runs", "5", "--batches", "2", "--repeats", "1", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(JSONSerialization.jsonObject(with: Data(result.output.utf8)))
    let rows = try #require(root["configurations"] as? [[String: Any]])
    let memory = try rows.map { try object($0["memory_mb"]).mapValues { try #require($0 as? Double) } }
    try #require(memory.count == 2)
    let large = memory[0], small = memory[1]
    // 256 pictures of 64 x 32 with three float32 values a pixel are 6 MB, and the model's first layer has more.
    #expect(try #require(large["running"]) > #require(large["before"]) + 6)
    #expect(try #require(small["peak"]) < #require(large["peak"]))
    #expect(try #require(large["after"]) < #require(large["running"]))
  }

  @Test("given an interrupt, when measuring, then it ends with what was measured so far", .enabled(if: canRun, need))
  func interrupted() throws {
    let space = try Workspace()
    let running = try Command.Running(
      [
        "bench", #require(Self.model), "--onnxruntime", #require(TestData.onnxRuntimeLibrary).path, "--warm-up", "0",
        "--input", "64x32", "--batch", "1", "--runs", "1000000", "--repeats", "1000", "--json", "--csv", "bench.csv",
      ], in: space.folder)
    // Measuring has begun once its threads are there.
    while !running.hasThread(named: "bench-0"), running.process.isRunning { usleep(10_000) }
    running.signal(SIGINT)
    let result = try running.finish()
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("stopping: what was measured so far is reported"))
    let root = try object(JSONSerialization.jsonObject(with: Data(result.output.utf8)))
    #expect(root["stopped"] as? Bool == true)
    let csv = try String(contentsOf: space.folder.appendingPathComponent("bench.csv"), encoding: .utf8)
    #expect(csv.hasPrefix("width,height,batch"))
  }

  @Test("given mistakes, when asked, then the exit code and the message say which")
  func mistakes() throws {
    let unknown = try Command.run(["bench", "yunet-m"])
    #expect(unknown.status == 78 && unknown.errors.contains("did you mean 'yunet-n'"))
    let missing = try Command.run(["bench", "none/model.onnx"])
    #expect(missing.status == 78 && missing.errors.contains("none/model.onnx"))
    for arguments in [
      ["--batch", "0"], ["--batch", "1,,2"], ["--input", "64"], ["--input", "0x64"], ["--runs", "0"],
      ["--repeats", "0"], ["--threads", "1000"], ["--warm-up", "-1"], ["--batch", "99999999999999999999"],
    ] {
      #expect(try Command.run(["bench", "yunet-n"] + arguments).status == 64, "\(arguments)")
    }
    let space = try Workspace()
    try Data("no model".utf8).write(to: space.folder.appendingPathComponent("bad.onnx"))
    #expect(try Command.run(["bench", "bad.onnx"], in: space.folder).status == 65)
  }

  @Test("given what cannot be written or loaded, when asked, then it says so first", .enabled(if: canRun, need))
  func surroundings() throws {
    let space = try Workspace()
    let folder = try bench("--csv", ".", in: space.folder)
    #expect(folder.status == 74 && folder.output.isEmpty)
    let library = try Command.run(["bench", #require(Self.model), "--onnxruntime", "/nonexistent/libonnxruntime.so"])
    #expect(library.status == 69)
    let odd = try Command.run(
      [
        "bench", #require(Self.model), "--onnxruntime", #require(TestData.onnxRuntimeLibrary).path, "--input", "100x64",
        "--batch", "1",
      ])
    #expect(odd.status == 78 && odd.errors.contains("multiples of 32"))
    let huge = try bench("--input", "8192x8192", "--batch", "1024", in: space.folder)
    #expect(huge.status == 78 && huge.errors.contains("more than half of this machine's memory"))
  }
}
