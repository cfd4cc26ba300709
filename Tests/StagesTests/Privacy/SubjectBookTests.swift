@testable import EdgepipeCore
import Testing

@testable import Stages

@Suite("What has to be hidden in frames before and after a find")
struct SubjectBookTests {
  private static func book(hold: Int = 3, delay: Int = 3, margin: Float = 0) -> SubjectBook {
    SubjectBook(.init(hold: hold, delay: delay, margin: margin))
  }

  private static func find(_ x: Float, _ y: Float = 100, size: Float = 40, track: Int? = nil) -> SubjectBook.Find {
    .init(
      box: Box(x: x, y: y, width: size, height: size), track: track.map { .init(stage: "faces", number: $0) })
  }

  private func boxes(_ book: SubjectBook, at frame: Int) -> [Box] {
    var boxes: [Box] = []
    book.boxes(at: frame, into: &boxes)
    return boxes
  }

  /// Whether one of the boxes holds all of another.
  private func isCovered(_ box: Box, by boxes: [Box]) -> Bool {
    boxes.contains { $0.x <= box.x && $0.y <= box.y && $0.maxX >= box.maxX && $0.maxY >= box.maxY }
  }

  @Test("given one find, when the frames around it are asked for, then it is hidden in three before and three after")
  func bothWays() {
    var hidden: [Int] = [], book = Self.book()
    for frame in 0..<30 {
      book.add(frame == 10 ? [Self.find(200)] : [], frame: frame)
      let asked = frame - 3
      if asked >= 0, isCovered(Self.find(200).box, by: boxes(book, at: asked)) { hidden.append(asked) }
    }
    #expect(hidden == [7, 8, 9, 10, 11, 12, 13])
    #expect(book.count == 0, "it is forgotten")
  }

  @Test("given a margin, when it is found, then that much is added on each side")
  func margin() {
    var book = Self.book(margin: 0.25)
    book.add([Self.find(200)], frame: 0)
    #expect(boxes(book, at: 0) == [Box(x: 190, y: 90, width: 60, height: 60)])
  }

  @Test(
    "given something that moves, with a track or without, when it is missed for a while, then it is hidden on its way",
    arguments: [nil, 7])
  func gap(track: Int?) {
    var book = Self.book(hold: 3, delay: 3)
    func x(_ frame: Int) -> Float { 100 + 6 * Float(frame) }
    for frame in 0..<30 {
      book.add((10..<16).contains(frame) ? [] : [Self.find(x(frame), track: track)], frame: frame)
      if frame >= 3 {
        #expect(isCovered(Self.find(x(frame - 3)).box, by: boxes(book, at: frame - 3)), "frame \(frame - 3)")
      }
    }
    #expect(book.count == 1)
  }

  @Test(
    "given something that is found late while it moves, when the frames before are asked for, then it is where it was")
  func lateFind() {
    var book = Self.book()
    func x(_ frame: Int) -> Float { 100 + 15 * Float(frame) }
    for frame in 0..<12 {
      book.add(frame < 5 ? [] : [Self.find(x(frame))], frame: frame)
      // At frame 5 there is one find, and no motion yet.
      if frame >= 6 {
        #expect(isCovered(Self.find(x(frame - 3)).box, by: boxes(book, at: frame - 3)), "frame \(frame - 3)")
      }
    }
  }

  @Test("given two of whom one is missed, when the other comes near, then the missed one stays hidden where it was")
  func two() {
    var book = Self.book()
    book.add([Self.find(100)], frame: 0)
    book.add([], frame: 1)
    book.add([Self.find(130)], frame: 2)
    #expect(isCovered(Self.find(100).box, by: boxes(book, at: 1)))
    #expect(isCovered(Self.find(130).box, by: boxes(book, at: 1)))
  }

  @Test("given tracks that cross, when they are followed by number, then each keeps its own way")
  func crossing() {
    var book = Self.book(hold: 5, delay: 2)
    for frame in 0..<20 {
      let a = Self.find(100 + 10 * Float(frame), track: 1), b = Self.find(300 - 10 * Float(frame), track: 2)
      book.add([8, 9, 10].contains(frame) ? [] : [b, a], frame: frame)
      if frame >= 2 {
        let asked = Float(frame - 2)
        #expect(isCovered(Self.find(100 + 10 * asked).box, by: boxes(book, at: frame - 2)))
        #expect(isCovered(Self.find(300 - 10 * asked).box, by: boxes(book, at: frame - 2)))
      }
    }
  }

  @Test("given an upright person and one cut off below, when the head is asked for, then it is the part above")
  func heads() {
    let upright = HeadPart.box(of: Box(x: 10, y: 20, width: 40, height: 100))
    #expect(upright == Box(x: 10, y: 20, width: 40, height: 22))
    let cut = HeadPart.box(of: Box(x: 10, y: 20, width: 80, height: 90))
    #expect(cut.height == 40)
    #expect(HeadPart.isShown(Box(x: 10, y: 20, width: 40, height: 100), by: Box(x: 20, y: 25, width: 10, height: 10)))
    #expect(!HeadPart.isShown(Box(x: 10, y: 20, width: 40, height: 100), by: Box(x: 20, y: 80, width: 10, height: 10)))
  }
}
