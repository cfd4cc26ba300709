import Foundation
import Testing

@testable import EdgepipeCore
@testable import Measure

@Suite("Accuracy of two sides on the same pictures")
struct PairedAccuracyTests {
  /// One car in each picture, at the same place; the picture that nobody runs has one as well.
  private let dataset = COCODataset(
    pictures: [1, 2, 3].map { .init(id: $0 * 10, fileName: "folder/\($0).jpg") },
    categories: [.init(id: 3, name: "car"), .init(id: 7, name: "train")],
    annotations: [10, 20, 30].map {
      .init(pictureID: $0, categoryID: 3, box: COCOBox(x: 10, y: 10, width: 20, height: 20))
    })

  /// The lines of a run that saw pictures 1 and 2, and found the car in some.
  private func found(in pictures: Set<Int>, label: String = "car") throws -> RecordedFrames {
    let lines = [1, 2].map { picture in
      let boxes =
        pictures.contains(picture)
        ? #"{"label":"\#(label)","class":2,"score":0.9,"box":{"x":10,"y":10,"width":20,"height":20},"stage":"x"}"# : ""
      return
        #"{"type":"frame","stream":"in","frame":\#(picture - 1),"source":"\#(picture).jpg","detections":[\#(boxes)]}"#
    }
    return try RecordedFrames(files: [Data(lines.joined(separator: "\n").utf8)])
  }

  private func accuracy(_ a: RecordedFrames, _ b: RecordedFrames, classes: Set<String> = ["car", "face"]) throws
    -> PairedAccuracy
  {
    try PairedAccuracy(
      Both(a: a, b: b), classes: classes, dataset: dataset, file: "instances.json", isStopped: { false })
  }

  @Test("given a side that misses one of two cars, when judged on what both saw, then AP is that of half the recall")
  func half() throws {
    let accuracy = try accuracy(found(in: [1, 2]), found(in: [1]))
    #expect(accuracy.pictures == 2, "the third was not run")
    #expect(accuracy.ap.a == 1)
    // Precision 1 at the recall levels 0, 0.01 ... 0.5, and 0 at the other fifty.
    #expect(abs(accuracy.ap.b - 51.0 / 101) < 1e-12)
    #expect(abs(accuracy.ap50.b - 51.0 / 101) < 1e-12)
    #expect(abs(accuracy.lossPoints - 100 * 50.0 / 101) < 1e-9)
    // Of two pictures a quarter of the draws has only the first, where nothing is lost, and a quarter only the second,
    // where everything is.
    #expect(accuracy.differenceInterval == -1.0...0)
  }

  @Test("given the same detections, when judged, then there is no difference on any draw")
  func same() throws {
    let accuracy = try accuracy(found(in: [2]), found(in: [2]))
    #expect(accuracy.lossPoints == 0)
    #expect(accuracy.differenceInterval == 0...0)
  }

  @Test("given a signal, when judged, then it is given up")
  func stopped() throws {
    let run = Both(a: try found(in: [1]), b: try found(in: [1]))
    #expect(throws: CancellationError.self) {
      try PairedAccuracy(run, classes: ["car"], dataset: dataset, file: "instances.json", isStopped: { true })
    }
    #expect([1, 60_000, 100_000, 3_000_000].map(PairedAccuracy.resamples) == [1000, 1000, 600, 200])
  }

  @Test("given other pictures or other classes than the annotated ones, when judged, then the error says which")
  func nothingInCommon() throws {
    let run = try found(in: [1])
    let classes = #expect(throws: PipelineError.self) { try accuracy(run, run, classes: ["face"]) }
    #expect(classes?.message.contains("'face'") == true)
    #expect(classes?.exit == .dataError)
    let objects = #expect(throws: PipelineError.self) { try accuracy(run, run, classes: ["train"]) }
    #expect(objects?.message.contains("has no object") == true)
    let elsewhere = try RecordedFrames(
      files: [Data(#"{"type":"frame","stream":"in","frame":0,"source":"street.mp4","detections":[]}"#.utf8)])
    let pictures = #expect(throws: PipelineError.self) { try accuracy(elsewhere, elsewhere) }
    #expect(pictures?.message.contains("'street.mp4'") == true)
  }
}
