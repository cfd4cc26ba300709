import CFFmpeg
@testable import EdgepipeCore
import Testing

@testable import Pipeline
@testable import Stages

/// Pictures of random values of any format, read value by value.
enum HiddenPixels {
  static let formats = [
    "yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "yuv440p", "yuv411p", "yuv410p", "yuva420p",
    "nv12", "nv21", "nv16", "gray", "ya8", "gbrp", "gbrap", "rgb24", "bgr24", "rgba", "bgra", "rgb0", "yuyv422",
    "uyvy422", "yuv420p10le", "yuv422p10le", "yuv444p12le", "yuv420p16le", "p010le", "gray10le", "gray16le",
    "gbrp10le", "rgb48le", "rgba64le",
  ]

  static func picture(
    _ format: String, _ width: Int, _ height: Int, using random: inout some RandomNumberGenerator
  ) throws -> DecodedPicture {
    let made = try unsafe #require(av_frame_alloc())
    unsafe made.pointee.width = Int32(width)
    unsafe made.pointee.height = Int32(height)
    unsafe made.pointee.format = av_get_pix_fmt(format).rawValue
    try unsafe #require(av_frame_get_buffer(made, 0) >= 0, "\(format)")
    var components: [PixelComponent] = []
    unsafe PixelComponent.all(of: made, isFullRange: false, into: &components)
    let depth = try unsafe #require(av_pix_fmt_desc_get(AVPixelFormat(made.pointee.format))).pointee.comp.0.depth
    for component in components {
      for y in 0..<component.rows {
        for x in 0..<component.columns {
          component.fill(row: y, x..<x + 1, Int.random(in: 0..<1 << Int(depth), using: &random))
        }
      }
    }
    return unsafe DecodedPicture(taking: made)
  }

  /// Every value of every component.
  static func values(_ picture: DecodedPicture) -> [(component: PixelComponent, values: [[Int]])] {
    var components: [PixelComponent] = []
    return unsafe picture.withFrame { frame in
      // SAFETY: nothing is written, and only shapes of the components are used afterwards.
      unsafe PixelComponent.all(
        of: UnsafeMutablePointer(mutating: frame), isFullRange: picture.color.isFullRange, into: &components)
      return components.map { component in
        (component, (0..<component.rows).map { y in (0..<component.columns).map { component[$0, y] } })
      }
    }
  }
}

@Suite("Hiding parts of pictures")
struct PictureHiderTests {
  @Test(
    "given any format and random boxes, also over the edges, when they are filled, then each value under them is blank and all others are as they were",
    arguments: HiddenPixels.formats)
  func fill(format: String) throws {
    var random = SplitMix64(seed: 11), hider = PictureHider(.fill)
    for (width, height) in [(64, 48), (37, 29), (5, 3), (1, 1)] {
      for _ in 0..<6 {
        let picture = try HiddenPixels.picture(format, width, height, using: &random)
        let rects = (0..<Int.random(in: 1...3, using: &random)).map { _ -> PixelRect in
          let box = Box(
            x: .random(in: -20...Float(width + 4), using: &random),
            y: .random(in: -20...Float(height + 4), using: &random),
            width: .random(in: 0.1...40, using: &random), height: .random(in: 0.1...40, using: &random))
          return PixelRect(box, width: width, height: height)
        }
        let before = HiddenPixels.values(picture)
        let hidden = try hider.hide(rects, [], in: picture)
        #expect(hidden.width == width && hidden.height == height && hidden.color == picture.color)
        let after = HiddenPixels.values(hidden)
        let shiftX = before.map(\.component.shiftX).max() ?? 0, shiftY = before.map(\.component.shiftY).max() ?? 0
        try #require(before.count == after.count && !before.isEmpty)
        var wrong = 0
        for (index, (component, old)) in before.enumerated() {
          for y in 0..<component.rows {
            for x in 0..<component.columns {
              // The pixels that share the value, and what shares a value with them in the coarsest component.
              let isUnder = rects.contains { rect in
                guard !rect.isEmpty else { return false }
                let left = x << component.shiftX, top = y << component.shiftY
                let right = left + (1 << component.shiftX), bottom = top + (1 << component.shiftY)
                let out = rect.aligned(shiftX: shiftX, shiftY: shiftY, width: width, height: height)
                return left < out.x1 && right > out.x0 && top < out.y1 && bottom > out.y0
              }
              let expected = isUnder ? component.blank : old[y][x]
              if after[index].values[y][x] != expected { wrong += 1 }
            }
          }
        }
        #expect(wrong == 0, "\(width)x\(height) \(rects)")
        #expect(HiddenPixels.values(picture).map(\.values) == before.map(\.values), "others still show the original")
      }
    }
  }

  @Test("given a box on an odd column, when it is hidden, then the whole sample of colour under it is, and its pixels")
  func chroma() throws {
    var random = SplitMix64(seed: 2), hider = PictureHider(.fill)
    let picture = try HiddenPixels.picture("yuv420p", 16, 16, using: &random)
    let hidden = HiddenPixels.values(try hider.hide([PixelRect(x0: 5, y0: 5, x1: 6, y1: 6)], [], in: picture))
    #expect(hidden[0].values[5][5] == 16 && hidden[1].values[2][2] == 128 && hidden[2].values[2][2] == 128)
    #expect(hidden[0].values[4][4] == 16 && hidden[0].values[5][4] == 16)
    let before = HiddenPixels.values(picture)
    #expect(hidden[0].values[3] == before[0].values[3] && hidden[0].values[6] == before[0].values[6])
  }

  @Test(
    "given pictures of all ranges, when they are filled, then it is with black",
    arguments: [
      ("yuv420p", 16, 128), ("yuvj420p", 0, 128), ("yuv420p10le", 64, 512), ("gbrp", 0, 0), ("gray", 0, nil),
    ] as [(String, Int, Int?)])
  func black(format: String, luma: Int, chroma: Int?) throws {
    var random = SplitMix64(seed: 3), hider = PictureHider(.fill)
    let picture = try HiddenPixels.picture(format, 8, 8, using: &random)
    let values = HiddenPixels.values(try hider.hide([PixelRect(x0: 0, y0: 0, x1: 8, y1: 8)], [], in: picture))
    #expect(values[0].values.allSatisfy { $0.allSatisfy { $0 == luma } })
    if let chroma { #expect(values[1].values.allSatisfy { $0.allSatisfy { $0 == chroma } }) }
  }

  @Test(
    "given boxes of all sizes, when they are pixelated, then at most eight blocks are across, each of one value",
    arguments: ["yuv420p", "yuv422p", "yuv444p", "nv12", "gray", "yuv420p10le"])
  func pixelate(format: String) throws {
    var random = SplitMix64(seed: 5), hider = PictureHider(.pixelate)
    for _ in 0..<20 {
      let width = Int.random(in: 1...200, using: &random), height = Int.random(in: 1...200, using: &random)
      let picture = try HiddenPixels.picture(format, 200, 200, using: &random)
      let x = Int.random(in: 0...(200 - width), using: &random), y = Int.random(in: 0...(200 - height), using: &random)
      let rect = PixelRect(x0: x, y0: y, x1: x + width, y1: y + height)
      for (component, values) in HiddenPixels.values(try hider.hide([rect], [], in: picture)) {
        let (columns, rows) = component.values(x: x..<x + width, y: y..<y + height)
        let row = Array(values[rows.lowerBound][columns]), column = rows.map { values[$0][columns.lowerBound] }
        // Neighbouring blocks of random values rarely have the same mean: steps are at least the edges of blocks.
        for line in [row, column] {
          #expect(zip(line, line.dropFirst()).count { $0 != $1 } < HidingMethod.mostBlocks, "\(width)x\(height)")
        }
      }
    }
  }

  @Test(
    "given a checked box, when it is blurred, then its mean stays, its pattern is gone, and nothing else has changed")
  func blur() throws {
    var random = SplitMix64(seed: 7), hider = PictureHider(.blur)
    let picture = try HiddenPixels.picture("yuv420p", 160, 120, using: &random)
    let before = HiddenPixels.values(picture)[0].values
    let after = HiddenPixels.values(try hider.hide([PixelRect(x0: 40, y0: 20, x1: 120, y1: 100)], [], in: picture))[0]
      .values
    func spread(_ values: [[Int]]) -> (mean: Double, deviation: Double) {
      let all = values[20..<100].flatMap { $0[40..<120] }.map(Double.init)
      let mean = all.reduce(0, +) / Double(all.count)
      return (mean, (all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(all.count)).squareRoot())
    }
    #expect(abs(spread(before).mean - spread(after).mean) < 3)
    #expect(spread(after).deviation < spread(before).deviation / 10)
    #expect(after[19] == before[19] && after[100] == before[100])
    #expect(after[50][..<40] == before[50][..<40] && after[50][120...] == before[50][120...])
  }

  @Test("given a triangle, when it is hidden, then every pixel that it touches is, and none that is far from it")
  func area() throws {
    let polygon = Polygon([Vertex(10.3, 5.2), Vertex(50.7, 20.1), Vertex(4.5, 38.9)])
    let area = CoveredArea(polygon, width: 60, height: 45)
    var hidden = Set<[Int]>()
    for span in area.spans { for x in span.x0..<span.x1 { hidden.insert([x, span.y]) } }
    for y in 0..<45 {
      for x in 0..<60 {
        // Sixteen by sixteen points of the pixel.
        let isTouched = (0..<256).contains {
          polygon.contains(Vertex(Double(x) + (Double($0 % 16) + 0.5) / 16, Double(y) + (Double($0 / 16) + 0.5) / 16))
        }
        let isNear = (-1...1).contains { dx in
          (-1...1).contains { dy in polygon.contains(Vertex(Double(x) + 0.5 + Double(dx), Double(y) + 0.5 + Double(dy)))
          }
        }
        if isTouched { #expect(hidden.contains([x, y]), "\(x), \(y)") }
        if hidden.contains([x, y]) { #expect(isTouched || isNear, "\(x), \(y)") }
      }
    }
    var random = SplitMix64(seed: 9), hider = PictureHider(.fill)
    let picture = try HiddenPixels.picture("yuv420p", 60, 45, using: &random)
    let before = HiddenPixels.values(picture), after = HiddenPixels.values(try hider.hide([], [area], in: picture))
    for y in 0..<45 {
      for x in 0..<60 {
        let isHidden = hidden.contains([x, y])
        #expect(after[0].values[y][x] == (isHidden ? 16 : before[0].values[y][x]))
        if isHidden { #expect(after[1].values[y / 2][x / 2] == 128 && after[2].values[y / 2][x / 2] == 128) }
      }
    }
  }

  @Test("given polygons over the edges, when they are covered, then spans stay in the picture")
  func areaOutside() {
    let around = CoveredArea(
      Polygon([Vertex(-9, -9), Vertex(99, -9), Vertex(99, 99), Vertex(-9, 99)]), width: 7, height: 5)
    #expect(around.spans.map { [$0.x0, $0.x1] } == Array(repeating: [0, 7], count: 5))
    let outside = CoveredArea(Polygon([Vertex(20, 20), Vertex(30, 20), Vertex(30, 30)]), width: 7, height: 5)
    #expect(outside.spans.isEmpty && outside.bounds.isEmpty)
  }

  @Test(
    "given formats whose values share bytes, when something is hidden, then the picture is converted and it is gone",
    arguments: ["pal8", "monow", "rgb565le", "gray16be", "yuv420p10be", "x2rgb10le"])
  func converted(format: String) throws {
    let made = try unsafe #require(av_frame_alloc())
    unsafe made.pointee.width = 32
    unsafe made.pointee.height = 16
    unsafe made.pointee.format = av_get_pix_fmt(format).rawValue
    try unsafe #require(av_frame_get_buffer(made, 0) >= 0)
    for row in 0..<16 {
      let bytes = av_image_get_linesize(AVPixelFormat(unsafe made.pointee.format), 32, 0)
      for column in 0..<Int(bytes) {
        unsafe made.pointee.data.0?[row * Int(made.pointee.linesize.0) + column] = UInt8((row * 31 + column * 7) & 255)
      }
    }
    if format == "yuv420p10be" {
      for index in 0..<8 * 16 {
        unsafe made.pointee.data.1?[index] = 1
        unsafe made.pointee.data.2?[index] = 1
      }
    }
    if format == "pal8" { for index in 0..<1024 { unsafe made.pointee.data.1?[index] = UInt8(index & 255) } }
    var hider = PictureHider(.fill)
    let hidden = try hider.hide([PixelRect(x0: 8, y0: 4, x1: 24, y1: 12)], [], in: unsafe DecodedPicture(taking: made))
    for (component, values) in HiddenPixels.values(hidden) {
      let (columns, rows) = component.values(x: 8..<24, y: 4..<12)
      for y in rows { for x in columns { #expect(values[y][x] == component.blank) } }
    }
  }

  @Test("given pictures that are let go, when the next are hidden, then their memory is used again")
  func pooled() throws {
    var random = SplitMix64(seed: 1), hider = PictureHider(.fill), places: Set<UInt> = []
    let picture = try HiddenPixels.picture("yuv420p", 640, 480, using: &random)
    for index in 0..<50 {
      let hidden = try hider.hide([PixelRect(x0: index, y0: 0, x1: index + 40, y1: 40)], [], in: picture)
      unsafe hidden.withFrame { unsafe _ = places.insert(UInt(bitPattern: $0.pointee.data.0)) }
      // What was hidden in the one before is visible again.
      let visible = (index & ~1) - 1
      guard visible >= 0 else { continue }
      #expect(HiddenPixels.values(hidden)[0].values[0][visible] == HiddenPixels.values(picture)[0].values[0][visible])
    }
    #expect(places.count == 1)
  }
}
