import ModelTestSupport
@testable import EdgepipeONNX
import Foundation
import PipelineTestSupport
import Testing

@Suite struct OnnxRoundTripTests {
  @Test(
    .enabled(
      if: !SameOutputs.debian.isEmpty && TestData.python != nil, "needs Debian's libonnx-testdata and .deps/python"))
  func givenDebiansModels_whenReadAndWritten_thenTheEngineGivesTheSameBits() throws {
    let folder = try TestData.temporaryFolder("roundtrip")
    defer { try? FileManager.default.removeItem(at: folder) }
    let report = try SameOutputs.compare(SameOutputs.debian, in: folder) { $0 }
    #expect(report.different.isEmpty, "\(report.different)")
    // ONNX Runtime does not know the training operators, and some models make random numbers.
    #expect(report.same > 950, "\(report.skipped.count) skipped: \(report.skipped.prefix(5))")
  }

  @Test(.enabled(if: ModelFiles.yoloxNano != nil && TestData.python != nil, "needs the models and .deps/python"))
  func givenDetectors_whenReadAndWritten_thenTheEngineGivesTheSameBits() throws {
    let folder = try TestData.temporaryFolder("roundtrip")
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = try SameOutputs.detectors(into: folder)
    let report = try SameOutputs.compare(files, in: folder) { $0 }
    #expect(report.different.isEmpty && report.skipped.isEmpty, "\(report)")
    #expect(report.same == files.count)
  }
}
