@testable import EdgepipeCore
import Foundation
@testable import Measure
import Testing

@Suite("Accuracy over cost, drawn")
struct AccuracyCurveTests {
  private func svg(_ points: [AccuracyCurve.Point]) -> String {
    AccuracyCurve(title: "a <model> on b.json", costName: "multiplications", points: points).svg
  }

  @Test(
    "given points, when drawn, then they stand at their share of the cost and their accuracy, and words say the same")
  func points() {
    let text = svg([.init(ratio: 0, cost: 200, accuracy: 0.3), .init(ratio: 0.5, cost: 100, accuracy: 0.15)])
    // The axes go from 64 to 616 and from 344 up to 56, for 0 to 100 % and for 0 to 0.3.
    #expect(text.contains(#"<circle cx="616" cy="56""#))
    #expect(text.contains(#"<circle cx="340" cy="200""#))
    #expect(text.contains(#"d="M616 56L340 200""#))
    let page = PageReader(text)
    #expect(page.error == nil)
    #expect(page.text(id: "desc") == "AP over multiplications. 0 % fewer: AP 0.300; 50 % fewer: AP 0.150.")
    #expect(page.text(id: "title") == "a <model> on b.json")
  }

  @Test("given a point without accuracy, or none at all, when drawn, then it is left out and the drawing is sound")
  func missing() {
    for points in [[], [AccuracyCurve.Point(ratio: 0, cost: 0, accuracy: nil)]] {
      let page = PageReader(svg(points))
      #expect(page.error == nil)
      #expect(!page.elements.contains("circle"))
    }
  }
}
