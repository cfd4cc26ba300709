import Testing

@testable import EdgepipeCore

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("scroe", "score"), ("Score", "score"), ("scores", "score"), ("modle", "model"), ("yolo", "detect.yolo"),
    ("detect.yol", "detect.yolo"), ("Detect.YOLO", "detect.yolo"), ("io", "iou"),
  ])
  func `given a slip of the pen, when looked up, then the name meant is found`(word: String, meant: String) {
    #expect(NearestName.suggestion(for: word, among: ["iou", "score", "model", "detect.yolo", "detect.face"]) == meant)
  }

  @Test(arguments: ["", "x", "colour", "qqq", String(repeating: "score", count: 1000)])
  func `given another word, when looked up, then nothing is suggested`(word: String) {
    #expect(NearestName.suggestion(for: word, among: ["iou", "score", "model"]) == nil)
  }

  @Test(arguments: [("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 1), ("abc", "abc", 0), ("ca", "abc", 3)])
  func `given two words, when compared, then the distance is that of the textbook`(a: String, b: String, distance: Int)
  {
    #expect(NearestName.distance(Array(a.unicodeScalars), Array(b.unicodeScalars)) == distance)
  }
}
