import Foundation
import PipelineTestSupport
import Testing

@testable import Measure

@Suite("The drawing of precision over recall")
struct PrecisionRecallPlotTests {
  private func evaluation(isEmpty: Bool) throws -> COCOEvaluation {
    let objects = isEmpty ? "" : #"{ "id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50], "area": 2500 }"#
    let found = isEmpty ? "" : #"{ "image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50], "score": 0.9 }"#
    let folder = try TestData.temporaryFolder("plot")
    defer { try? FileManager.default.removeItem(at: folder) }
    let (truth, results) = (folder.appendingPathComponent("a.json"), folder.appendingPathComponent("b.json"))
    try """
    { "images": [{ "id": 1, "file_name": "1.jpg", "width": 100, "height": 100 }],
      "categories": [{ "id": 1, "name": "car" }], "annotations": [\(objects)] }
    """.write(to: truth, atomically: true, encoding: .utf8)
    try "[\(found)]".write(to: results, atomically: true, encoding: .utf8)
    let dataset = try COCODataset(contentsOf: truth)
    return COCOMatches(dataset, try COCOPredictions.read(results, of: dataset)).evaluation()
  }

  @Test("given an evaluation, when drawn, then the curve begins at its precision, and names are escaped")
  func drawn() throws {
    let svg = PrecisionRecallPlot.svg(try evaluation(isEmpty: false), title: "a <model> & \"b\"")
    // Precision 1 at recall 0 is the upper left corner of the axes, precision 1 at recall 1 the upper right one.
    #expect(svg.contains("M64 56V56H67.40"))
    #expect(svg.contains("H404\""))
    let page = PageReader(svg)
    #expect(page.error == nil)
    #expect(page.text(id: "title") == "a <model> & \"b\"")
    #expect(
      page.text(id: "desc")
        == "Precision over recall: IoU 0.50: AP50 1.000, IoU 0.75: AP75 1.000, IoU 0.50 to 0.95: AP 1.000.")
  }

  @Test("given no objects, when drawn, then the axes are there and the drawing is sound")
  func empty() throws {
    let svg = PrecisionRecallPlot.svg(try evaluation(isEmpty: true), title: "nothing")
    #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
    #expect(PageReader(svg).error == nil)
  }
}
