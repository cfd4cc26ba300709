import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Measure

@Suite struct COCOFileTests {
  private static let good = """
    {"info": {"a": [[1, 2], {"b": "\\"]"}], "c": null}, "images": [{"id": 5, "file_name": "a/b.jpg", "width": 4, "height": 3},
      {"file_name": "c.jpg", "id": 2}], "categories": [{"id": 9, "name": "cat"}, {"id": 3, "name": "d\\u00f6g"}],
     "annotations": [{"image_id": 5, "category_id": 9, "bbox": [1, 2.5, 3e0, 4], "area": 11.5, "iscrowd": true},
      {"category_id": 3, "image_id": 2, "bbox": [0, 0, 2, 3]}]}
    """

  private func dataset(_ text: String) throws -> COCODataset {
    try COCODataset(data: Data(text.utf8), file: "a.json")
  }

  @Test func givenAFile_whenRead_thenWhatIsMissingHasItsDefault() throws {
    let dataset = try dataset(Self.good)
    #expect(dataset.pictures.map(\.id) == [2, 5])
    #expect(dataset.pictures[1] == COCODataset.Picture(id: 5, fileName: "a/b.jpg", width: 4, height: 3))
    #expect(dataset.pictures[0].width == nil)
    #expect(dataset.categories.map(\.name) == ["dög", "cat"])
    let expected = [
      COCODataset.Annotation(
        pictureID: 5, categoryID: 9, box: COCOBox(x: 1, y: 2.5, width: 3, height: 4), area: 11.5, isCrowd: true),
      COCODataset.Annotation(
        pictureID: 2, categoryID: 3, box: COCOBox(x: 0, y: 0, width: 2, height: 3), area: 6, isCrowd: false),
    ]
    #expect(dataset.annotations == expected)
    #expect(dataset.keeping(categories: [9]).annotations == [expected[0]])
    // What belongs to no picture of the file, or to no category, is left out.
    let part = COCODataset(pictures: [dataset.pictures[0]], categories: dataset.categories, annotations: expected)
    #expect(part.annotations == [expected[1]])
  }

  @Test(arguments: [
    ("", "line 1, column 1: expected an object, found the end of the file"),
    ("[]", "line 1, column 1: expected an object, found '['"),
    ("{}", #"'a.json' has no "images""#),
    (#"{"images": [], "annotations": [], "categories": []}"#, #"has an empty list of "images""#),
    (#"{"images": 5}"#, "column 12: images: expected a list, found '5'"),
    (#"{"images": [], "images": []}"#, "images: this key occurs twice"),
    (#"{"images": [{"file_name": "a"}]}"#, #"column 13: images[0]: the image has no "id""#),
    (#"{"images": [{"id": 1, "file_name": ""}]}"#, #"the image 1 has no "file_name""#),
    (#"{"images": [{"file_name": "a\u001b[2J"}]}"#, "images[0].file_name: a name with control characters"),
    (#"{"categories": [{"name": "\u202eabc"}]}"#, "categories[0].name: a name with control characters"),
    (#"{"images": [{"id": "1"}]}"#, "images[0].id: expected a number, found '\"'"),
    (#"{"images": [{"id": 1.5}]}"#, "images[0].id: expected a whole number, found '1.5'"),
    (#"{"images": [{"id": 1e400}]}"#, "images[0].id: expected a whole number, found '1e400'"),
    (
      "{\"images\": [\n {\"id\": 1, \"file_name\": \"a\"},\n {\"id\": 1, \"file_name\": \"b\"}]}",
      "line 3, column 2: images[1]: a second image with the id 1"
    ),
    (
      #"{"categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]}"#,
      "categories[1]: a second category with the name 'a'"
    ),
    (#"{"annotations": [{"image_id": 1, "category_id": 1}]}"#, #"annotations[0]: the annotation has no "bbox""#),
    (
      #"{"annotations": [{"bbox": [1, 2, 3]}]}"#,
      "annotations[0].bbox: a box has 4 numbers: x, y, width, height; found 3"
    ),
    (#"{"annotations": [{"bbox": [1, 2, 3, 4, 5]}]}"#, "annotations[0].bbox[4]: a box has 4 numbers"),
    (#"{"annotations": [{"bbox": [1, 2, -3, 4]}]}"#, "annotations[0].bbox[2]: a negative width, -3.0"),
    (#"{"annotations": [{"bbox": [1e300, 2, 3, 4]}]}"#, "annotations[0].bbox[0]: 1e+300 is outside of any picture"),
    (#"{"annotations": [{"bbox": [NaN, 2, 3, 4]}]}"#, "annotations[0].bbox[0]: 'NaN' is not a number"),
    (#"{"annotations": [{"bbox": [01, 2, 3, 4]}]}"#, "annotations[0].bbox[0]: '01' is not a number"),
    (#"{"annotations": [{"area": -1}]}"#, "annotations[0].area: a negative area, -1.0"),
    (#"{"annotations": [{"iscrowd": 2}]}"#, "annotations[0].iscrowd: expected 0 or 1, found '2'"),
    (#"{"info": [1, 2}"#, "column 15: info: unexpected '}'"),
    (#"{"info": "\#u{1}"}"#, "info: a control character in a string"),
    (#"{"info": 1} x"#, "column 13: 'x' after the end of the document"),
    (#"{"info" 1}"#, "column 9: expected ':' after the key, found '1'"),
    (#"{"info": 1 "b": 2}"#, "column 12: expected ',' or '}', found '\"'"),
    (#"{"info": "abc"#, "column 10: info: a string that is not closed"),
    ("{\"info\": " + String(repeating: "[", count: 100_000), "nested deeper than 256 levels"),
  ])
  func givenABadFile_whenRead_thenTheErrorNamesThePlace(text: String, expected: String) throws {
    let error = try #require(throws: PipelineError.self) { try dataset(text) }
    #expect(error.message.contains(expected), "\(error.message)")
    #expect(error.message.utf8.count < 200)
    #expect(error.exit == .dataError)
  }

  @Test func givenMoreThanAnyDatasetHas_whenRead_thenItIsRefused() throws {
    let one = #"{"image_id":1,"category_id":1,"bbox":[0,0,1,1]},"#
    let crowded = #"{"annotations":["# + String(repeating: one, count: 10_001)
    let error = try #require(throws: PipelineError.self) { try dataset(crowded) }
    #expect(error.message.contains("annotations[10000]: more than 10000 annotations of image 1"), "\(error.message)")
    let many = (0...10_000).map { #"{"id":\#($0),"name":"\#($0)"},"# }.joined()
    let categories = try #require(throws: PipelineError.self) { try dataset(#"{"categories":["# + many) }
    #expect(categories.message.contains("more than 10000 categories"), "\(categories.message)")
  }

  @Test func givenAFileThatIsCutShortOrChangedAnywhere_whenRead_thenItIsReadOrRefused() {
    let bytes = Array(Self.good.utf8)
    for length in bytes.indices {
      #expect(throws: PipelineError.self) { try COCODataset(data: Data(bytes[..<length]), file: "a.json") }
    }
    var random = SplitMix64(seed: 1)
    for _ in 0..<20_000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        changed[Int.random(in: changed.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      do { _ = try COCODataset(data: Data(changed), file: "a.json") } catch {
        #expect((error as? PipelineError)?.code == .malformed)
      }
    }
  }

  @Test func givenNumbers_whenRead_thenTheyAreThoseOfTheStandardLibrary() throws {
    var random = SplitMix64(seed: 2)
    var texts = [
      "0", "-0", "0.1", "-0.1", "1e5", "1E-5", "123456789012345", "1234567890123456", "0.000001", "5e-324",
      "1.7976931348623157e308",
    ]
    for _ in 0..<3000 {
      let value = Double.random(in: -1e4...1e4, using: &random)
      texts += ["\(value)", String(format: "%.\(Int.random(in: 0...12, using: &random))f", value), "\(value * 1e-12)"]
    }
    for text in texts {
      var value: Double?
      try JSONReader.read(Data(text.utf8), file: "a", remedy: "") { reader throws(JSONReader.Failure) in
        value = try reader.number()
      }
      #expect(value?.bitPattern == Double(text)?.bitPattern, "\(text)")
    }
  }

  @Test func givenDetections_whenWrittenAndRead_thenTheyAreTheSame() throws {
    let dataset = try dataset(Self.good)
    // Numbers of a detector are single precision, with long decimals.
    let predictions = (1...50).map { index -> COCOPrediction in
      let share = Double(1 / Float(index))
      let box = COCOBox(x: share * 300, y: -0.5, width: 1e-5, height: Double(index))
      return COCOPrediction(pictureID: index % 2 == 0 ? 2 : 5, categoryID: 3, box: box, score: share)
    }
    let text = COCOPredictions.text(predictions)
    #expect(try COCOPredictions.read(Data(text.utf8), file: "b.json", of: dataset) == predictions)
    #expect(try COCOPredictions.read(Data(COCOPredictions.text([]).utf8), file: "b.json", of: dataset) == [])
  }

  @Test(arguments: [
    (#"[{"image_id": 4}]"#, "column 15: [0].image_id: the dataset has no image 4"),
    (#"[{"category_id": 0}]"#, "[0].category_id: the dataset has no category 0; ids are those of the dataset"),
    (#"[{"image_id": 5, "category_id": 3, "bbox": [1, 2, 3, 4]}]"#, #"[0]: the detection has no "score""#),
    ("{}", "expected a list, found '{'"),
  ])
  func givenBadDetections_whenRead_thenTheErrorNamesThePlace(text: String, expected: String) throws {
    let dataset = try dataset(Self.good)
    let error = try #require(throws: PipelineError.self) {
      try COCOPredictions.read(Data(text.utf8), file: "b.json", of: dataset)
    }
    #expect(error.message.contains(expected), "\(error.message)")
    #expect(error.exit == .dataError)
  }

  @Test func givenNoFile_whenRead_thenItIsMissingInput() throws {
    let nowhere = URL(fileURLWithPath: "/nonexistent/a.json")
    #expect(throws: PipelineError.self) { try COCODataset(contentsOf: nowhere) }
    let error = try #require(throws: PipelineError.self) {
      try COCODataset(contentsOf: FileManager.default.temporaryDirectory)
    }
    #expect(error.exit == .noInput)
  }
}
