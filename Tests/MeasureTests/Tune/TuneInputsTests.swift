@testable import Detectors
import Foundation
@testable import Pipeline
import Testing

@testable import EdgepipeCore
@testable import Measure
@testable import Stages

@Suite("What tuning tries")
struct TuneInputsTests {
  private func inputs(full: (height: Int, width: Int)?) throws -> [(model: String, shape: String, accuracy: Double?)] {
    let config = try PipelineConfig.load(
      text: """
        { "version": 1, "name": "t", "stages": [
          { "id": "camera", "type": "source.synthetic" },
          { "id": "objects", "type": "detect.yolo", "after": ["camera"], "config": { "model": "m" } },
          { "id": "end", "type": "sink.null", "after": ["objects"] }
        ] }
        """, file: "test.json", registry: .builtin)
    let nowhere = ModelStore(folder: URL(fileURLWithPath: "/nowhere/models", isDirectory: true))
    let detector = try #require(config.detectors.first)
    return TuneInputs(detector, store: nowhere) { _ in full }.all()
  }

  @Test("given a detector whose input is known, when asked, then its model comes at three sizes of whole strides")
  func sizes() throws {
    let tried = try inputs(full: (256, 416))
    #expect(tried.map(\.model) == ["m", "m", "m"])
    #expect(tried.map(\.shape) == [#""auto""#, "[192,320]", "[128,224]"])
  }

  @Test("given a pipeline that does not run, when asked, then there is the size that it has alone")
  func unknown() throws { #expect(try inputs(full: nil).map(\.shape) == [#""auto""#]) }

  @Test("given a deadline out of reach, when told, then the stage at fault, its time and the remedy are named")
  func obstacles() {
    let other = TuneObstacle.other(stage: "tracks", serviceMs: 0.25).error(detector: "objects", deadlineMs: 0.1)
    #expect(other.exit == .dataError)
    #expect(other.message.contains("'tracks', which is not tuned, needs at least 0.250 ms"))
    let choice = TuneChoice(model: "m", shape: #""auto""#, workers: 1, threads: 2, interval: 1)
    let own = TuneObstacle.tuned(choice, serviceMs: 12).error(detector: "objects", deadlineMs: 5)
    #expect(own.message.contains("m at auto with 2 threads, needs 12.0 ms"))
    #expect(own.remedy?.contains("install a smaller model") == true)
  }
}
