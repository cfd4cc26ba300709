import CFFmpeg
import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Stages

@Suite struct CropRendererTests {
  private func size(_ jpeg: [UInt8]) throws -> String {
    let files = try FilesFixture()
    try Data(jpeg).write(to: URL(fileURLWithPath: files.path("crop.jpg")))
    return try SinkFixture.ffprobe([
      "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0", files.path("crop.jpg"),
    ])
  }

  @Test(arguments: [
    // The box and a tenth of its longer side around it.
    (Box(x: 100, y: 100, width: 50, height: 100), "70,120"),
    // Scaled so that the longer side has 320 pixels.
    (Box(x: 100, y: 100, width: 600, height: 300), "320,186"),
    // Cut off at the edges.
    (Box(x: -20, y: -20, width: 120, height: 120), "112,112"),
    (Box(x: 1240, y: 700, width: 40, height: 20), "44,24"),
  ])
  func `given a box when cropped then the picture shows it and a little around`(box: Box, expected: String) throws {
    let image = try SinkFixture.picture(width: 1280, height: 720)
    let frame = SinkFixture.frame(0, width: 1280, height: 720, image: image)
    let jpeg = try #require(try CropRenderer().jpeg(of: box, in: frame))
    #expect(try size(jpeg) == expected)
  }

  @Test func `given a part of a ramp when cropped then its shades are those of that part`() throws {
    let image = try SinkFixture.picture(width: 440, height: 64)
    let frame = SinkFixture.frame(0, width: 440, height: 64, image: image)
    let jpeg = try #require(try CropRenderer().jpeg(of: Box(x: 100, y: 8, width: 40, height: 40), in: frame))
    let files = try FilesFixture()
    try Data(jpeg).write(to: URL(fileURLWithPath: files.path("crop.jpg")))
    let pixels = try SinkFixture.rgb(files.path("crop.jpg"))
    // 96...144: luma 112 at the left, a step a column, in the limited range of video.
    for column in [4, 20, 40] {
      let expected = (Double(96 + column) + 16 - 16) * 255 / 219
      #expect(abs(Double(pixels[3 * (20 * 48 + column)]) - expected) < 6)
    }
  }

  @Test(arguments: [
    Box(x: 0, y: 0, width: 0, height: 10), Box(x: 5000, y: 0, width: 10, height: 10),
    Box(x: .nan, y: 0, width: 10, height: 10), Box(x: .infinity, y: 0, width: 10, height: 10),
  ])
  func `given a box that shows nothing when cropped then there is no picture`(box: Box) throws {
    let image = try SinkFixture.picture(width: 320, height: 240)
    #expect(try CropRenderer().jpeg(of: box, in: SinkFixture.frame(0, width: 320, height: 240, image: image)) == nil)
  }

  @Test func `given a frame without a picture when cropped then there is none`() throws {
    #expect(
      try CropRenderer().jpeg(of: Box(x: 0, y: 0, width: 10, height: 10), in: SinkFixture.frame(0)) == nil)
  }
}
