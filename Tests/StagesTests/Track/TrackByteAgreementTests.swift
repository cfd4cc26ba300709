import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Stages

/// `track.bytetrack` beside the ByteTrack of the Python package supervision, on the same detections.
@Suite(.enabled(if: TestData.python != nil, "needs .deps/python"))
struct TrackByteAgreementTests {
  private func reference(_ mode: String, _ input: Any) throws -> Any {
    let folder = try TestData.temporaryFolder("bytetrack")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("input.json")
    try JSONSerialization.data(withJSONObject: input, options: .fragmentsAllowed).write(to: file)
    let script = TestData.packageRoot.appendingPathComponent("Tests/StagesTests/Golden/bytetrack.py").path
    let result = try TestData.run(try #require(TestData.python), [script, mode, file.path])
    #expect(result.status == 0)
    return try JSONSerialization.jsonObject(with: result.output)
  }

  /// How far two numberings of the same detections say the same thing, whatever the numbers are.
  private struct Agreement: CustomStringConvertible {
    /// Detections with a number in both, in the first alone, in the second alone.
    var both = 0, onlyFirst = 0, onlySecond = 0
    /// Of those with a number in both, the ones whose numbers belong together in the best one-to-one mapping.
    var same = 0
    var share: Double { Double(same) / Double(max(1, both + onlyFirst + onlySecond)) }
    var description: String { "\(same) of \(both) in both, \(onlyFirst) here only, \(onlySecond) there only" }

    init(_ first: [Int], _ second: [Int]) {
      var pairs: [[Int]: Int] = [:]
      for (a, b) in zip(first, second) {
        if a > 0, b > 0 {
          both += 1
          pairs[[a, b], default: 0] += 1
        } else if a > 0 {
          onlyFirst += 1
        } else if b > 0 {
          onlySecond += 1
        }
      }
      let rows = Set(pairs.keys.map { $0[0] }).sorted(), columns = Set(pairs.keys.map { $0[1] }).sorted()
      var columnOfRow: [Int] = []
      var solver = Assignment()
      let counts = pairs
      func count(_ i: Int, _ j: Int) -> Int { counts[[rows[i], columns[j]]] ?? 0 }
      solver.solve(rows: rows.count, columns: columns.count, columnOfRow: &columnOfRow) { -Double(count($0, $1)) }
      for (i, j) in columnOfRow.enumerated() where j >= 0 { same += count(i, j) }
    }
  }

  @Test(arguments: 1...4)
  func `given the same detections when tracked then the tracks are those of supervision`(seed: UInt64) throws {
    var options = TrackScene.Options()
    options.hasCars = seed > 2
    let scene = TrackScene(seed: 100 + seed, options: options)
    let input = scene.frames.map { frame in
      frame.detections.map { d -> [Double] in
        [
          Double(d.box.x), Double(d.box.y), Double(d.box.width), Double(d.box.height), Double(d.score),
          d.label == "car" ? 1 : 0,
        ]
      }
    }
    let theirs = try #require(try reference("track", input) as? [[Int]])
    // Tracks of different classes have numbers of their own there.
    let second = zip(theirs, scene.frames).flatMap { ids, frame in
      zip(ids, frame.detections).map { $0 == 0 ? 0 : 2 * $0 + ($1.label == "car" ? 1 : 0) }
    }
    let tracker = try TrackFixture(.byteTrack)
    var first: [Int] = []
    for (index, frame) in scene.frames.enumerated() {
      first += try tracker.ids(index, frame.detections, seconds: frame.seconds).map { $0 ?? 0 }
    }
    let agreement = Agreement(first, second)
    #expect(agreement.both >= 4000 && agreement.share >= 0.99, "\(agreement)")
    // The one difference in giving numbers: there, a tracker's very first frame gives them at once.
    let start = scene.frames[0].detections.count
    let afterStart = Agreement(Array(first[start...]), Array(second[start...]))
    #expect(afterStart.share >= 0.999, "\(afterStart)")
  }

  @Test func `given boxes and gaps when filtered then the boxes are those of supervision's filter`() throws {
    var random = SinkFixture.Random(seed: 11)
    var box = Box(x: 100, y: 50, width: 40, height: 90)
    var boxes: [Box?] = []
    for index in 0..<200 {
      box.x += 3 + Float(random.normal())
      box.y += Float(random.normal())
      box.width = max(5, box.width + Float(random.normal()))
      box.height = max(5, box.height + Float(random.normal()))
      boxes.append(index > 0 && index % 7 > 4 ? nil : box)
    }
    let input = boxes.map { box -> Any in
      box.map { [Double($0.x), Double($0.y), Double($0.width), Double($0.height)] } ?? NSNull()
    }
    let expected = try #require(try reference("filter", input) as? [[Double]])
    var filter: HeightKalmanFilter?
    for (box, expected) in zip(boxes, expected) {
      filter?.predict(steps: 1)
      if let box { if filter == nil { filter = HeightKalmanFilter(box) } else { filter?.update(box) } }
      let found = try #require(filter?.box)
      // The filter hands out 32-bit boxes: 1e-3 pixels is a few steps of a Float near 1000.
      for (a, b) in zip([found.x, found.y, found.width, found.height], expected) { #expect(abs(Double(a) - b) < 1e-3) }
    }
  }
}
