import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite("Files of still pictures", .enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct StillPictureTests {
  /// A TIFF structure with one entry, the orientation.
  static func exif(_ orientation: UInt8, isBig: Bool = false) -> [UInt8] {
    isBig
      ? Array("MM".utf8) + [0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]
      : Array("II".utf8) + [42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]
  }

  private static func big(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
  private static func little(_ value: Int) -> [UInt8] { big(value).reversed() }

  /// A picture whose left half is black, its right half white and its lower right quarter grey, with an orientation in it.
  static func turned(_ format: String, _ orientation: UInt8) throws -> String {
    let draw = "color=black:size=64x48,format=rgb24,drawbox=32:0:32:24:white:fill,drawbox=32:24:32:24:gray:fill"
    let options = format == "webp" ? ["-c:v", "libwebp", "-lossless", "1"] : []
    let plain = try MediaFixtures.make("plain-turn.\(format)", ["-f", "lavfi", "-i", draw, "-frames:v", "1"] + options)
    var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: plain)))
    switch format {
    case "png":
      let data = exif(orientation, isBig: true)
      // Behind IHDR. FFmpeg does not check the sum of a chunk that it does not know.
      bytes.insert(contentsOf: big(data.count) + Array("eXIf".utf8) + data + [0, 0, 0, 0], at: 33)
    case "webp":
      let data = exif(orientation)
      bytes += Array("EXIF".utf8) + little(data.count) + data
      bytes.replaceSubrange(4..<8, with: little(bytes.count - 8))
    case "tiff":
      // The directory is moved to the end, with one more entry in it.
      let start = Int(bytes[4]) | Int(bytes[5]) << 8 | Int(bytes[6]) << 16
      let count = Int(bytes[start]) | Int(bytes[start + 1]) << 8
      let entries = (0..<count).map { Array(bytes[start + 2 + 12 * $0..<start + 14 + 12 * $0]) }
      let added: [UInt8] = [0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
      let all = (entries.filter { $0[0] != 0x12 || $0[1] != 1 } + [added]).sorted { ($0[1], $0[0]) < ($1[1], $1[0]) }
      if bytes.count % 2 == 1 { bytes.append(0) }
      bytes.replaceSubrange(4..<8, with: little(bytes.count))
      bytes += [UInt8(all.count), 0] + all.joined() + [0, 0, 0, 0]
    default:
      let data = Array("Exif\0\0".utf8) + exif(orientation)
      bytes.insert(contentsOf: [0xFF, 0xE1, 0, UInt8(data.count + 2)] + data, at: 2)
    }
    return try MediaFixtures.file("turned-\(orientation).\(format)", Data(bytes))
  }

  // The corners of the stored picture, in reading order: black, white, black, grey. Shown, they lie where EXIF says.
  @Test(
    "given any orientation in any format, when read, then every corner is where it belongs",
    arguments: ["jpg", "png", "webp", "tiff"], UInt8(1)...8)
  func orientations(format: String, orientation: UInt8) throws {
    let frame = try #require(MediaFixtures.run(Self.turned(format, orientation)).frames.first)
    let pixels = try LetterboxFixtures.pixels(of: frame)
    let (w, h) = (frame.header.width, frame.header.height)
    #expect((w, h) == (orientation > 4 ? (48, 64) : (64, 48)))
    func corner(_ x: Int, _ y: Int) -> Character {
      let value = pixels[(y * w + x) * 3]
      return value < 60 ? "b" : value > 200 ? "w" : "g"
    }
    let shown = String([corner(6, 6), corner(w - 7, 6), corner(6, h - 7), corner(w - 7, h - 7)])
    let expected = ["bwbg", "wbgb", "gbwb", "bgbw", "bbwg", "bbgw", "gwbb", "wgbb"]
    #expect(shown == expected[Int(orientation) - 1])
  }

  private static let kinds: [(name: String, options: [String])] = [
    ("base.jpg", ["-pix_fmt", "yuvj420p"]), ("full.jpg", ["-pix_fmt", "yuvj444p"]), ("grey.jpg", ["-pix_fmt", "gray"]),
    ("a.png", []), ("lossless.webp", ["-c:v", "libwebp", "-lossless", "1"]), ("lossy.webp", ["-c:v", "libwebp"]),
    ("a.bmp", []), ("raw.tif", ["-compression_algo", "raw"]), ("lzw.tif", ["-compression_algo", "lzw"]), ("a.gif", []),
    ("a.ppm", []), ("a.jp2", []), ("a.j2k", []), ("a.qoi", []), ("a.pcx", []), ("a.apng", ["-f", "apng"]),
  ]

  @Test(
    "given a file cut anywhere, when read, then it is refused; but a JPEG may lack its end mark",
    arguments: kinds.indices)
  func cut(index: Int) throws {
    let (name, options) = Self.kinds[index]
    guard
      let path = try? MediaFixtures.make(
        "cut-\(name)", ["-f", "lavfi", "-i", "testsrc2=size=48x32", "-frames:v", "1"] + options)
    else { return }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let ending = name.split(separator: ".")[1]
    // A name that every reader takes: content decides.
    let ending2 = ending == "apng" || ending == "qoi" || ending == "pcx" ? "png" : String(ending)
    #expect(try decodes(bytes, ending2), "whole")
    #expect(try decodes(bytes + Data("something behind it".utf8), ending2), "more behind it")
    var random = SplitMix64(seed: UInt64(index))
    let cuts = [1, 2, 3, 4, 5, 9, 17] + (0..<12).map { _ in Int.random(in: 1..<bytes.count, using: &random) }
    for cut in Set(cuts) where cut < bytes.count {
      let isGood = ending == "jpg" && cut <= 2
      #expect(
        try decodes(bytes.dropLast(cut), ending2) == isGood, "\(name) without its last \(cut) of \(bytes.count) bytes")
    }
  }

  private func decodes(_ bytes: Data, _ ending: String) throws -> Bool {
    let path = try MediaFixtures.file("\(UUID().uuidString).\(ending)", bytes)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let guardian = ReadGuard(output: RecordingOutput(), clock: SystemClock())
    do {
      _ = try StillPicture.decode(BytePath(path), guardian)
      return true
    } catch {
      #expect(error.exit == .dataError && error.consequence == .skipFrame, "\(error)")
      #expect(error.remedy?.isEmpty == false)
      return false
    }
  }

  private func failure(_ name: String, _ bytes: Data) throws -> String {
    let path = try MediaFixtures.file(name, bytes)
    let guardian = ReadGuard(output: RecordingOutput(), clock: SystemClock())
    return "\(try #require(throws: PipelineError.self) { _ = try StillPicture.decode(BytePath(path), guardian) })"
  }

  @Test("given what is no good picture, when read, then the error names the cause and a remedy for it")
  func causes() throws {
    let png = try Data(contentsOf: URL(fileURLWithPath: try MediaFixtures.picture("cause.png", "40x30")))
    #expect(try failure("text.png", Data("this is no picture\n".utf8)).contains("it is text"))
    #expect(try failure("page.jpg", Data("<!DOCTYPE html><html>404</html>".utf8)).contains("HTML"))
    #expect(try failure("cut.png", png.prefix(png.count / 2)).contains("ends early"))
    let heic = Data([0, 0, 0, 24] + Array("ftypheic\0\0\0\0mif1heic".utf8) + [0, 0, 0, 8] + Array("mdat".utf8))
    let phone = try failure("phone.jpg", heic)
    #expect(phone.contains("HEIC") && phone.contains("convert"))
    let animated = Data(
      Array("RIFF".utf8) + [22, 0, 0, 0] + Array("WEBPVP8X".utf8) + [10, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 9, 0, 0])
    #expect(try failure("moves.webp", animated).contains("animated WebP"))
    var huge = png
    huge.replaceSubrange(16..<24, with: [0, 0, 0x40, 0, 0, 0, 0x40, 0])
    let large = try failure("large.png", huge)
    #expect(large.contains("16384 x 16384") && large.contains("scale it down"))
    for text in [phone, try failure("noise.png", Data([9, 200, 3, 255, 0, 7]))] {
      #expect(!text.contains("67 million"))
    }
  }

  @Test("given single files as input, when they are no good, then the stream ends with the same words")
  func single() throws {
    let png = try Data(contentsOf: URL(fileURLWithPath: try MediaFixtures.picture("single.png", "40x30")))
    for (name, bytes, words) in [
      ("single-cut.png", png.prefix(png.count - 20), "ends early"),
      ("single-text.jpg", Data("hello there, people\n".utf8), "it is text"),
    ] {
      let path = try MediaFixtures.file(name, bytes)
      let error = try #require(throws: PipelineError.self) { try MediaFixtures.run(path) }
      #expect(error.consequence == .endStream && error.exit == .dataError && "\(error)".contains(words), "\(error)")
    }
  }

  @Test("given pictures that move, when a folder is read, then each gives its first frame")
  func animated() throws {
    let folder = try MediaFixtures.emptyFolder()
    for (name, options) in [("a.png", ["-f", "apng"]), ("b.gif", ["-f", "gif"])] {
      let made = try MediaFixtures.make(
        "moving-\(name)", ["-f", "lavfi", "-i", "testsrc2=size=64x48:duration=0.4"] + options)
      let guardian = ReadGuard(output: RecordingOutput(), clock: SystemClock())
      #expect(try StillPicture.decode(BytePath(made), guardian).frame.picture.width == 64)
      try FileManager.default.copyItem(atPath: made, toPath: folder.appendingPathComponent(name).path)
    }
    #expect(try MediaFixtures.run(folder.path).frames.count >= 1)
  }
}

@Suite("Readers of picture files")
struct StillFactsTests {
  private func facts(_ bytes: [UInt8]) -> StillFacts? { StillFacts(bytes.span) }

  @Test("given text behind a long row of white space, when read, then it is text")
  func longMargin() {
    for margin in [0, 511, 512, 600, 4000] {
      let bytes = Array(repeating: UInt8(ascii: "\n"), count: margin) + Array("{\"error\": \"no picture here\"}".utf8)
      let kind = PictureKind(bytes.span)
      #expect(kind == .text)
    }
  }

  @Test(
    "given a JPEG whose rest was never written, when followed, then it is not whole",
    .enabled(if: MediaFixtures.areAvailable, "needs ffmpeg"))
  func zeroTail() throws {
    let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: try StillPictureTests.turned("jpg", 1))))
    let unmarked = Array(whole.dropLast(2)),
      filled = Array(whole.prefix(whole.count * 3 / 4)) + Array(repeating: 0, count: 1 << 16)
    let isWhole = JPEGScans.areWhole(unmarked.span), isFilled = JPEGScans.areWhole(filled.span)
    #expect(isWhole && !isFilled)
  }

  @Test("given any bytes, when read, then every reader returns and nothing is read beyond the end")
  func random() {
    var random = SplitMix64(seed: 11)
    let heads: [[UInt8]] = [
      [0xFF, 0xD8, 0xFF], [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], Array("GIF89a".utf8),
      Array("RIFF\u{40}\0\0\0WEBPVP8X".utf8), Array("BM".utf8) + [0, 1, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0],
      Array("II*\0".utf8), Array("MM\0*".utf8), [0, 0, 0, 12] + Array("jP  ".utf8), [0xFF, 0x4F, 0xFF, 0x51],
      [0, 0, 0, 24] + Array("ftypavif".utf8), Array("qoif".utf8), [10, 5, 1, 8],
      [0xFF, 0xD8, 0xFF, 0xE1, 0, 40] + Array("Exif\0\0II*\0".utf8),
    ]
    for round in 0..<6000 {
      var bytes = heads[round % heads.count]
      // Small numbers make lengths that fit, and so lead further in.
      let most: UInt8 = round % 2 == 0 ? 255 : 12
      bytes += (0..<Int.random(in: 0...120, using: &random)).map { _ in UInt8.random(in: 0...most, using: &random) }
      if let orientation = facts(bytes)?.orientation { #expect((1...8).contains(orientation)) }
      _ = JPEGScans.areWhole(bytes.span)
      _ = GIFFile.isWhole(bytes.span, needsTrailer: false)
    }
  }

  @Test(
    "given real files with changed bytes, when read, then every reader returns",
    .enabled(if: MediaFixtures.areAvailable, "needs ffmpeg"), arguments: ["jpg", "png", "webp", "tiff"])
  func mutated(format: String) throws {
    let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: try StillPictureTests.turned(format, 6))))
    #expect(facts(whole) == StillFacts(isWhole: true, orientation: 6, pixelShape: facts(whole)?.pixelShape))
    var random = SplitMix64(seed: 3)
    for _ in 0..<2000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: 0..<min(bytes.count, 300), using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
      if let orientation = facts(bytes)?.orientation { #expect((1...8).contains(orientation)) }
      _ = JPEGScans.areWhole(bytes.span)
    }
  }

  @Test("given EXIF in both byte orders and of other types, when read, then the value is found")
  func exif() {
    for orientation in UInt8(1)...8 {
      for isBig in [false, true] {
        #expect(TIFFHeader.orientation(StillPictureTests.exif(orientation, isBig: isBig).span, at: 0) == orientation)
      }
    }
    for wrong: UInt8 in [0, 9, 255] {
      #expect(TIFFHeader.orientation(StillPictureTests.exif(wrong).span, at: 0) == nil)
    }
    // A directory behind the end, and one that says it has more entries than there are.
    var far = StillPictureTests.exif(6)
    far[7] = 0xFF
    #expect(TIFFHeader.orientation(far.span, at: 0) == nil)
    var many = StillPictureTests.exif(6)
    (many[8], many[9], many[10]) = (0xFF, 0xFF, 0)
    #expect(TIFFHeader.orientation(many.span, at: 0) == nil)
    #expect(
      (0...9).map { Orientation(exif: $0) } == [
        nil, nil, .flippedHorizontally, .half, .flippedVertically, .quarterCounterclockwiseFlipped, .quarterClockwise,
        .quarterClockwiseFlipped, .quarterCounterclockwise, nil,
      ])
  }
}
