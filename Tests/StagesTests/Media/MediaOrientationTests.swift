import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

struct MediaOrientationTests {
  /// 16.16 fixed point, as in the files: a b u, c d v, x y w.
  private func matrix(_ a: Int32, _ b: Int32, _ c: Int32, _ d: Int32) -> [Int32] {
    let one: Int32 = 0x10000
    return [a * one, b * one, 0, c * one, d * one, 0, 0, 0, 0x4000_0000]
  }

  // (x, y) is shown at (ax + cy, bx + dy), y downwards.
  @Test func givenADisplayMatrix_thenTheTurnIsTheOneThatShowsIt() {
    #expect(Orientation(displayMatrix: matrix(1, 0, 0, 1)) == nil)
    #expect(Orientation(displayMatrix: matrix(0, 1, -1, 0)) == .quarterClockwise)
    #expect(Orientation(displayMatrix: matrix(0, -1, 1, 0)) == .quarterCounterclockwise)
    #expect(Orientation(displayMatrix: matrix(-1, 0, 0, -1)) == .half)
    #expect(Orientation(displayMatrix: matrix(-1, 0, 0, 1)) == .flippedHorizontally)
    #expect(Orientation(displayMatrix: matrix(1, 0, 0, -1)) == .flippedVertically)
  }

  @Test func givenAMatrixThatIsNone_thenThePictureStaysAsItIs() {
    #expect(Orientation(displayMatrix: []) == nil)
    #expect(Orientation(displayMatrix: Array(repeating: 0, count: 9)) == nil)
  }

  // The ffmpeg program turns pictures by itself. Compared by brightness, because it does not interpolate the colours at
  // this size and the scaler does: 2 of 255 is far below what a shift by one pixel gives in a pattern this fine.
  @Test(
    .enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"),
    arguments: ["plain.mp4", "rotated-90.mp4", "rotated-180.mp4", "rotated-270.mp4"])
  func givenARotatedFilm_whenRead_thenPicturesStandUprightLikeFFmpegs(_ name: String) throws {
    let path = try MediaFixtures.path(name)
    let output = try MediaFixtures.run(path) { $0.maxFrames = 1 }
    let frame = try #require(output.frames.first)
    let isTurned = name.contains("90") || name.contains("270")
    #expect(frame.header.width == (isTurned ? 120 : 160))
    #expect(frame.header.height == (isTurned ? 160 : 120))
    let ours = try LetterboxFixtures.pixels(of: frame)
    let reference = try MediaFixtures.rgb(path)
    try #require(reference.count == ours.count)
    #expect(LetterboxFixtures.meanDifference(luma(ours), luma(reference.map(Float.init))) < 2)
  }

  // Phones store pictures as the sensor saw them and say in EXIF how they were held: 6 is a quarter turn clockwise.
  @Test(.enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
  func givenAJPEGWithAnEXIFOrientation_whenRead_thenItStandsUpright() throws {
    let plain = try Data(contentsOf: URL(fileURLWithPath: try MediaFixtures.picture("exif-plain.jpg", "64x48")))
    // A little-endian TIFF header with one entry: tag 0x0112, type short, one value.
    let exif: [UInt8] =
      Array("Exif\0\0II*\0".utf8) + [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]
    let segment = [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif
    let path = try MediaFixtures.file("exif-turned.jpg", plain.prefix(2) + Data(segment) + plain.dropFirst(2))
    let frame = try #require(MediaFixtures.run(path).frames.first)
    #expect(frame.header.width == 48 && frame.header.height == 64)
    let reference = try MediaFixtures.rgb(path)
    let ours = try LetterboxFixtures.pixels(of: frame)
    try #require(reference.count == ours.count)
    #expect(LetterboxFixtures.meanDifference(luma(ours), luma(reference.map(Float.init))) < 2)
  }

  /// Of packed RGB, by BT.601.
  private func luma(_ pixels: [Float]) -> [Float] {
    stride(from: 0, to: pixels.count, by: 3).map {
      0.299 * pixels[$0] + 0.587 * pixels[$0 + 1] + 0.114 * pixels[$0 + 2]
    }
  }

  // A mirrored picture cannot be told by its size: the halves must have changed places.
  @Test(.enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
  func givenEveryOrientation_whenTurned_thenPixelsLieWhereTheyBelong() throws {
    let output = try MediaFixtures.run(try MediaFixtures.path("plain.mp4")) { $0.maxFrames = 1 }
    let frame = try #require(output.frames.first)
    let picture = try #require(frame.image as? DecodedPicture)
    let (w, h) = (picture.width, picture.height)
    let upright = try LetterboxFixtures.pixels(of: frame)
    let cases: [(Orientation, Int, Int, (Int, Int) -> (Int, Int))] = [
      (.quarterClockwise, h, w, { x, y in (y, h - 1 - x) }),
      (.quarterCounterclockwise, h, w, { x, y in (w - 1 - y, x) }),
      (.quarterClockwiseFlipped, h, w, { x, y in (w - 1 - y, h - 1 - x) }),
      (.quarterCounterclockwiseFlipped, h, w, { x, y in (y, x) }),
      (.flippedHorizontally, w, h, { x, y in (w - 1 - x, y) }),
      (.flippedVertically, w, h, { x, y in (x, h - 1 - y) }),
      (.half, w, h, { x, y in (w - 1 - x, h - 1 - y) }),
    ]
    for (orientation, width, height, origin) in cases {
      let turned = try RotationFilter(orientation, like: picture).upright(picture)
      #expect(turned.width == width && turned.height == height)
      let pixels = try LetterboxFixtures.pixels(of: Frame(header: frame.header, image: turned))
      var expected: [Float] = []
      for y in 0..<height {
        for x in 0..<width {
          let (sx, sy) = origin(x, y)
          expected += upright[(sy * w + sx) * 3..<(sy * w + sx) * 3 + 3]
        }
      }
      // Chroma is stored at half the resolution, its samples to the left of the pair: mirroring moves it by one pixel.
      #expect(LetterboxFixtures.meanDifference(pixels, expected) < 6, "\(orientation)")
    }
  }
}
