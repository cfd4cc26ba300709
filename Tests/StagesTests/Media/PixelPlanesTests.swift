import CFFmpeg
import EdgepipeCore
@_spi(Pixels) import Pipeline
import PipelineTestSupport
import Testing

@testable import Stages

@Suite("Pixels that a stage of another package reads") struct PixelPlanesTests {
  private func picture(_ format: AVPixelFormat, width: Int, height: Int) throws -> DecodedPicture {
    let frame = try unsafe #require(av_frame_alloc())
    unsafe frame.pointee.format = format.rawValue
    unsafe frame.pointee.width = Int32(width)
    unsafe frame.pointee.height = Int32(height)
    try unsafe #require(av_frame_get_buffer(frame, 64) == 0)
    // SAFETY: every plane holds `linesize` bytes for each of its rows, of which the first `byteWidth` are set.
    let planes = unsafe [frame.pointee.data.0, frame.pointee.data.1, frame.pointee.data.2]
    let strides = unsafe [frame.pointee.linesize.0, frame.pointee.linesize.1, frame.pointee.linesize.2]
    let description = try unsafe #require(av_pix_fmt_desc_get(format))
    for plane in 0..<3 {
      guard let data = unsafe planes[plane] else { continue }
      let rows =
        unsafe plane == 0
        ? height
        : (height + (1 << description.pointee.log2_chroma_h) - 1)
          >> Int(description.pointee.log2_chroma_h)
      for row in 0..<rows {
        for column in 0..<Int(av_image_get_linesize(format, Int32(width), Int32(plane))) {
          unsafe data[row * Int(strides[plane]) + column] = UInt8(truncatingIfNeeded: plane * 100 + row * 7 + column)
        }
      }
    }
    return unsafe DecodedPicture(taking: frame)
  }

  @Test(
    "given pictures of several layouts and odd sizes, when lent, then every row of every plane is as it was written",
    arguments: [
      (AV_PIX_FMT_YUV420P, "yuv420p", [33, 17, 17], [21, 11, 11]),
      (AV_PIX_FMT_YUV422P, "yuv422p", [33, 17, 17], [21, 21, 21]),
      (AV_PIX_FMT_NV12, "nv12", [33, 34], [21, 11]), (AV_PIX_FMT_GRAY8, "gray", [33], [21]),
      (AV_PIX_FMT_GBRP, "gbrp", [33, 33, 33], [21, 21, 21]), (AV_PIX_FMT_RGB24, "rgb24", [99], [21]),
    ])
  func rows(format: AVPixelFormat, name: String, widths: [Int], heights: [Int]) throws {
    let stream = StreamInfo(id: "camera", sourceStage: "camera")
    let image = try picture(format, width: 33, height: 21)
    let frame = TestFrames.frame(stream: stream, sequence: 0, clock: ManualClock(), image: image)
    let seen = try #require(
      frame.withPixels { pixels in
        #expect(pixels.format == name)
        #expect(pixels.planes.map(\.byteWidth) == widths && pixels.planes.map(\.height) == heights)
        var wrong = 0
        for (index, plane) in pixels.planes.enumerated() {
          for row in 0..<plane.height {
            plane.withRow(row) { values in
              for column in values.indices
              where values[column] != UInt8(truncatingIfNeeded: index * 100 + row * 7 + column) { wrong += 1 }
            }
          }
        }
        return wrong
      })
    #expect(seen == 0)
  }

  @Test("given a plane that is kept, when its picture is let go, then its rows are still as they were")
  func kept() throws {
    let stream = StreamInfo(id: "camera", sourceStage: "camera")
    func planes() throws -> [PixelPlanes.Plane] {
      let images: [any FrameImage] = [
        try picture(AV_PIX_FMT_GRAY8, width: 33, height: 21),
        GrayPicture(width: 33, height: 1, values: (0..<33).map { UInt8($0) }),
      ]
      return try images.map { image in
        let frame = TestFrames.frame(stream: stream, sequence: 0, clock: ManualClock(), image: image)
        return try #require(frame.withPixels { $0.planes.first } ?? nil)
      }
    }
    for plane in try planes() {
      plane.withRow(0) { values in
        #expect(values.indices.allSatisfy { values[$0] == UInt8($0) })
      }
    }
  }

  @Test("given a frame without a picture, when its pixels are asked for, then there are none")
  func none() {
    let stream = StreamInfo(id: "camera", sourceStage: "camera")
    let frame = TestFrames.frame(stream: stream, sequence: 0, clock: ManualClock())
    #expect(frame.withPixels { $0.planes.count } == nil)
  }
}
