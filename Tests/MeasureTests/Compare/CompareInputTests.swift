import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Measure

@Suite("What is compared")
struct CompareInputTests {
  @Test("given names and files, when told apart, then files with stages are pipelines and the rest are models")
  func kinds() throws {
    let folder = try TestData.temporaryFolder("compare")
    defer { try? FileManager.default.removeItem(at: folder) }
    func file(_ name: String, _ text: String) throws -> String {
      let url = folder.appendingPathComponent(name)
      try text.write(to: url, atomically: true, encoding: .utf8)
      return url.path
    }
    #expect(try CompareInput("yolox-nano") == .model("yolox-nano"))
    let pipeline = try file("pipeline.json", #"{"version": 1, "stages": []}"#)
    #expect(try CompareInput(pipeline) == .pipeline(pipeline))
    let manifest = try file("manifest.json", #"{"name": "m", "head": "yolox"}"#)
    #expect(try CompareInput(manifest) == .model(manifest))
    let onnx = try file("m.onnx", "")
    #expect(try CompareInput(onnx) == .model(onnx))
    // The pipeline's reader names line and column.
    let broken = try file("broken.json", "{")
    #expect(try CompareInput(broken) == .pipeline(broken))
  }

  @Test(
    "given a file that is not there, when told apart, then it is a missing input",
    arguments: ["no.json", "no.onnx", "./no"])
  func missing(_ name: String) {
    let error = #expect(throws: PipelineError.self) { try CompareInput(name) }
    #expect(error?.exit == .noInput)
    #expect(error?.message.contains(name) == true)
  }
}
