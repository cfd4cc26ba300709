@testable import Pipeline
import Testing

@testable import EdgepipeCore
@testable import Stages

/// Planes with a border that nobody may touch.
private final class GuardedPlanes {
  static let border = 64
  static let untouched: UInt8 = 77
  let width: Int, height: Int
  private var planes: [[UInt8]]

  init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    let sizes = [(width, height), ((width + 1) / 2, (height + 1) / 2), ((width + 1) / 2, (height + 1) / 2)]
    planes = sizes.map {
      [UInt8](repeating: Self.untouched, count: ($0.0 + 2 * Self.border) * ($0.1 + 2 * Self.border))
    }
  }

  private func stride(_ plane: Int) -> Int { (plane == 0 ? width : (width + 1) / 2) + 2 * Self.border }

  func draw(_ body: (borrowing PlanarCanvas) -> Void) {
    let offsets = (0..<3).map { stride($0) * Self.border + Self.border }
    var (luma, u, v) = (planes[0], planes[1], planes[2])
    unsafe luma.withUnsafeMutableBufferPointer { a in
      unsafe u.withUnsafeMutableBufferPointer { b in
        unsafe v.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          // SAFETY: the planes lie inside the arrays, a border away from their ends.
          let canvas = unsafe PlanarCanvas(
            luma: a + offsets[0], lumaStride: stride(0), u: b + offsets[1], uStride: stride(1), v: c + offsets[2],
            vStride: stride(2), width: width, height: height)
          body(canvas)
        }
      }
    }
    planes = [luma, u, v]
  }

  func value(_ plane: Int, _ x: Int, _ y: Int) -> UInt8 {
    planes[plane][(y + Self.border) * stride(plane) + Self.border + x]
  }

  /// Whether only bytes inside the picture have changed.
  var borderIsUntouched: Bool {
    (0..<3).allSatisfy { plane in
      let columns = stride(plane) - 2 * Self.border
      let rows = planes[plane].count / stride(plane) - 2 * Self.border
      return planes[plane].indices.allSatisfy { index in
        let x = index % stride(plane) - Self.border, y = index / stride(plane) - Self.border
        let isInside = (0..<columns).contains(x) && (0..<rows).contains(y)
        return isInside || planes[plane][index] == Self.untouched
      }
    }
  }

  var changed: Int { planes[0].count { $0 != Self.untouched } }
}

@Suite struct DrawTests {
  @Test func `given primary colours when turned into YCbCr then they are those of the standard`() {
    // ITU-R BT.601: the 100 % colour bars.
    let bars: [(Int, Int, Int, UInt8, UInt8, UInt8)] = [
      (255, 255, 255, 235, 128, 128), (0, 0, 0, 16, 128, 128), (255, 0, 0, 81, 90, 240), (0, 255, 0, 145, 54, 34),
      (0, 0, 255, 41, 240, 110),
    ]
    for (red, green, blue, y, u, v) in bars {
      let color = YUVColor(red: red, green: green, blue: blue)
      #expect(abs(Int(color.y) - Int(y)) <= 1 && abs(Int(color.u) - Int(u)) <= 1 && abs(Int(color.v) - Int(v)) <= 1)
    }
    #expect(Set(YUVColor.palette).count == 12 && !YUVColor.palette.contains(.face))
    #expect(YUVColor.of(.min) != YUVColor.of(.min + 1) && YUVColor.of(12) == YUVColor.of(0))
  }

  @Test func `given letters when their dots are looked up then they spell the letter`() {
    func picture(_ character: Character) -> [String] {
      (0..<BitmapFont.height).map { row in
        let dots = BitmapFont.row(row, of: character.asciiValue ?? 0)
        return (0..<BitmapFont.width).map { dots & (16 >> UInt8($0)) != 0 ? "#" : "." }.joined()
      }
    }
    #expect(picture("A") == [".###.", "#...#", "#...#", "#...#", "#####", "#...#", "#...#"])
    #expect(picture("7") == ["#####", "....#", "...#.", "..#..", ".#...", ".#...", ".#..."])
    #expect(picture("é") == picture("?"))
    // No two characters look the same, and none leaves its five columns.
    let all = (32..<127).map { code in (0..<7).map { BitmapFont.row($0, of: UInt8(code)) } }
    #expect(Set(all).count == 95 && all.joined().allSatisfy { $0 < 32 })
    #expect(BitmapFont.row(-1, of: 65) == 0 && BitmapFont.row(7, of: 65) == 0)
  }

  @Test func `given a filled rectangle when drawn then exactly its pixels change`() {
    let planes = GuardedPlanes(width: 11, height: 7)
    let color = YUVColor(red: 255, green: 0, blue: 0)
    planes.draw { $0.fill(x0: 2, y0: 3, x1: 6, y1: 5, color) }
    for y in 0..<7 {
      for x in 0..<11 {
        let isInside = (2..<6).contains(x) && (3..<5).contains(y)
        #expect(planes.value(0, x, y) == (isInside ? color.y : GuardedPlanes.untouched))
        #expect((planes.value(1, x / 2, y / 2) == color.u) == ((1..<3).contains(x / 2) && (1..<3).contains(y / 2)))
      }
    }
  }

  @Test func `given rectangles and text anywhere when drawn then nothing is written outside the picture`() {
    var random = SinkFixture.Random(seed: 5)
    for (width, height) in [(1, 1), (2, 3), (17, 9), (64, 48)] {
      let planes = GuardedPlanes(width: width, height: height)
      planes.draw { canvas in
        for _ in 0..<400 {
          let x = Int.random(in: -80...80, using: &random), y = Int.random(in: -80...80, using: &random)
          let w = Int.random(in: -5...80, using: &random), h = Int.random(in: -5...80, using: &random)
          canvas.fill(x0: x, y0: y, x1: x + w, y1: y + h, .white)
          canvas.stroke(x0: x, y0: y, x1: x + w, y1: y + h, thickness: 3, .face)
          canvas.strokeCorners(x0: x, y0: y, x1: x + w, y1: y + h, thickness: 3, .face)
          canvas.text(Array("Wg|~".utf8), x: x, y: y, scale: Int.random(in: 1...4, using: &random), .black)
        }
      }
      #expect(planes.borderIsUntouched && planes.changed > 0)
    }
  }

  @Test func `given hostile detections when drawn then nothing breaks`() {
    let numbers: [Float] = [.nan, .infinity, -.infinity, 1e30, -1e30, 0, -5, 40]
    let landmarks = numbers.map { Point(x: $0, y: $0) }
    var detections: [Detection] = []
    for x in numbers {
      for width in numbers {
        detections.append(
          Detection(
            label: String(repeating: "é👩‍👩‍👧\u{0}", count: 50), classIndex: .min, score: x,
            box: Box(x: x, y: width, width: width, height: x), landmarks: landmarks, track: .min))
      }
    }
    let frame = SinkFixture.frame(
      0, width: 0, height: 0, results: [StageResults(stage: "objects", detections: detections)])
    let planes = GuardedPlanes(width: 50, height: 40)
    var annotator = Annotator(.init())
    planes.draw { annotator.draw(frame, on: $0) }
    #expect(planes.borderIsUntouched)
  }

  @Test func `given lines anywhere when drawn then they are straight, whole and inside the picture`() {
    var random = SinkFixture.Random(seed: 9)
    let ends: [Double] = [0, 5, -1e6, 1e6, -1e300, 1e300, .nan, .infinity]
    for (width, height) in [(1, 1), (3, 2), (64, 48)] {
      let planes = GuardedPlanes(width: width, height: height)
      planes.draw { canvas in
        for a in ends {
          for b in ends { canvas.line(from: Vertex(a, b), to: Vertex(b, 3), thickness: 3, .white) }
        }
        for _ in 0..<300 {
          func place() -> Vertex {
            Vertex(.random(in: -200...200, using: &random), .random(in: -200...200, using: &random))
          }
          canvas.line(from: place(), to: place(), thickness: .random(in: 0...5, using: &random), .white)
        }
      }
      #expect(planes.borderIsUntouched)
    }
    // A line from far outside of the picture passes where it should: y = x / 2.
    let planes = GuardedPlanes(width: 100, height: 60)
    planes.draw { $0.line(from: Vertex(-200_000, -100_000), to: Vertex(200_000, 100_000), thickness: 1, .white) }
    for x in 0..<100 {
      let rows = (0..<60).filter { planes.value(0, x, $0) == YUVColor.white.y }
      // Rounding to whole pixels, twice: of the place and of the step.
      #expect(!rows.isEmpty && rows.allSatisfy { abs(Double($0) - Double(x) / 2) <= 1 }, "column \(x): \(rows)")
    }
  }

  @Test func `given an overlay when drawn then its shapes lie where they belong, and options hide it`() {
    let square = [Vertex(200, 200), Vertex(600, 200), Vertex(600, 600), Vertex(200, 600)]
    var frame = SinkFixture.frame(0, width: 800, height: 720)
    frame.attach(
      FrameOverlay([
        .init(vertices: square, text: "yard 2", isActive: true),
        .init(vertices: [Vertex(700, 100), Vertex(700, 700)], text: "gate", isActive: false),
        .init(vertices: [], text: "none", isActive: false),
        .init(vertices: [Vertex(.nan, 0), Vertex(0, 0), Vertex(1, 1)], text: "broken", isActive: false),
      ]), for: FrameOverlay.key(of: "zones"))
    // The canvas is half as large.
    let planes = GuardedPlanes(width: 400, height: 360)
    var annotator = Annotator(.init())
    planes.draw { annotator.draw(frame, on: $0) }
    #expect(planes.borderIsUntouched)
    for (x, y) in [(100, 150), (300, 150), (200, 100), (200, 300)] {
      #expect(planes.value(0, x, y) == YUVColor.activeZone.y, "\(x), \(y)")
    }
    #expect(planes.value(0, 200, 200) == GuardedPlanes.untouched)
    #expect(planes.value(0, 350, 300) == YUVColor.line.y)
    // The arrow points to the right-hand side of who looks down the picture: to its left.
    #expect(planes.value(0, 345, 200) == YUVColor.line.y && planes.value(0, 355, 200) == GuardedPlanes.untouched)

    let hidden = GuardedPlanes(width: 400, height: 360)
    var plain = Annotator(.drawing(zones: false))
    hidden.draw { plain.draw(frame, on: $0) }
    #expect(hidden.changed == 0)
  }

  @Test func `given a detection when drawn then box and plate lie where they belong`() {
    let planes = GuardedPlanes(width: 400, height: 360)
    let color = YUVColor.of(7)
    // The source is twice as large as the canvas.
    let frame = SinkFixture.frame(
      0, width: 800, height: 720,
      results: [
        StageResults(
          stage: "objects", detections: [SinkFixture.detection(x: 200, y: 200, width: 400, height: 300, track: 7)])
      ])
    var annotator = Annotator(.init())
    planes.draw { annotator.draw(frame, on: $0) }
    #expect(planes.value(0, 100, 150) == color.y && planes.value(0, 299, 150) == color.y)
    #expect(planes.value(0, 200, 100) == color.y && planes.value(0, 200, 249) == color.y)
    #expect(planes.value(0, 200, 150) == GuardedPlanes.untouched && planes.value(0, 99, 150) == GuardedPlanes.untouched)
    // `person 7 90%` is 12 characters of 6 dots above the box; its plate is 9 dots high.
    #expect(planes.value(0, 100, 92) == color.y && planes.value(0, 172, 92) == color.y)
    #expect(planes.value(0, 173, 92) == GuardedPlanes.untouched && planes.value(0, 100, 90) == GuardedPlanes.untouched)
    let letters = (100..<173).reduce(0) { sum, x in
      sum + (91..<100).count { planes.value(0, x, $0) == color.contrast.y }
    }
    let dots = "person 7 90%".utf8.reduce(0) { sum, character in
      sum + (0..<7).reduce(0) { $0 + BitmapFont.row($1, of: character).nonzeroBitCount }
    }
    #expect(letters == dots)
  }

  @Test func `given a predicted detection when drawn then only the corners of its box are`() {
    let planes = GuardedPlanes(width: 400, height: 360)
    let color = YUVColor.of(7)
    var detection = SinkFixture.detection(x: 100, y: 100, width: 200, height: 120, track: 7)
    detection.isPredicted = true
    let frame = SinkFixture.frame(
      0, width: 400, height: 360, results: [StageResults(stage: "objects", detections: [detection])])
    var annotator = Annotator(.drawing(labels: false))
    planes.draw { annotator.draw(frame, on: $0) }
    // A quarter of each side from each corner: 50 of 200 pixels, 30 of 120.
    for (x, y) in [(149, 100), (250, 100), (149, 219), (250, 219), (100, 129), (100, 190), (299, 129), (299, 190)] {
      #expect(planes.value(0, x, y) == color.y)
    }
    for (x, y) in [(150, 100), (249, 219), (100, 130), (299, 189), (200, 160)] {
      #expect(planes.value(0, x, y) == GuardedPlanes.untouched)
    }
  }
}

extension AnnotationSettings {
  fileprivate static func drawing(labels: Bool = true, zones: Bool = true) -> Self {
    var settings = Self()
    (settings.labels, settings.zones) = (labels, zones)
    return settings
  }
}
