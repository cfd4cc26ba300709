import Foundation
import FoundationXML
import Testing

@testable import EdgepipeCompression
@testable import Measure

@Suite("The drawing of a ladder")
struct LadderPlotTests {
  private final class Reader: NSObject, XMLParserDelegate {
    var widths: [Double] = []
    var text = ""

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      if name == "rect", let width = attributes["width"].flatMap(Double.init) { widths.append(width) }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
  }

  @Test("given measured rungs, when drawn, then the bars are as long as the values, and what was not made has none")
  func bars() throws {
    let plan = [StepRequest(name: "int8", amount: nil), StepRequest(name: "weight-sharing", amount: 16)]
    var ladder = CompressionLadder(
      float: LadderRung(step: "float32", fate: .float, reason: "", bytes: 4_000_000, accuracy: LadderAccuracy(ap: 0.4)),
      model: CompressionRunFixture.candidate)
    ladder.rungs.append(
      LadderRung(step: plan[0].text, fate: .leftOut, reason: "", bytes: 1_000_000, accuracy: LadderAccuracy(ap: 0.1)))
    ladder.rungs.append(LadderRung(step: plan[1].text, fate: .unavailable, reason: "there is none"))
    let reader = Reader(), parser = XMLParser(data: Data(LadderPlot.svg(ladder, title: "a < b & \"c\"").utf8))
    parser.delegate = reader
    #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "")")
    // Size and precision, two bars each; the first of each is the longest.
    #expect(reader.widths == [430, 107.5, 430, 107.5])
    #expect(reader.text.contains("a < b & \"c\""))
    #expect(reader.text.contains("int8, left out"))
    #expect(!reader.text.contains("weight-sharing"))
    #expect(!reader.text.contains("Latency"))
  }
}
