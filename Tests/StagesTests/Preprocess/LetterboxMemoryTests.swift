import CFFmpeg
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

/// Equal pictures give equal tensors, whatever lies in the memory behind their rows, in the tensors' pool, and in the
/// scaler from the picture before.
@Suite struct LetterboxMemoryTests {
  /// What video, JPEGs and PNGs are decoded to, and the planar RGB (gbrp) that small JPEGs become before scaling.
  private static let formats = [
    "yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuvj422p", "yuvj444p", "nv12", "yuyv422", "rgb24", "bgr24", "rgba",
    "gbrp", "pal8", "gray", "ya8",
  ]

  @Test(arguments: formats)
  func givenOnePictureInDifferentMemory_whenLetterboxed_thenItsTensorsAreEqual(_ format: String) throws {
    MediaLibrary.prepare()
    var random = SplitMix64(seed: 1)
    for index in 0..<250 {
      // Most are narrow: they have more edge, and every remainder of a vector's width comes up.
      let picture = unsafe Picture(
        width: .random(in: 1...(index % 4 == 0 ? 640 : 100), using: &random),
        height: .random(in: 1...24, using: &random), format: av_get_pix_fmt(format), seed: random.next())
      let shape = InputShape.fixed(
        height: .random(in: 1...24, using: &random), width: .random(in: 1...100, using: &random))
      let request = LetterboxFixtures.request(shape, element: index % 2 == 0 ? .float32 : .uint8)
      let tensors = try [1, 2].map { try tensor(of: picture, request, garbage: $0) }
      #expect(tensors[0] == tensors[1], "\(picture.width) x \(picture.height) to \(shape)")
    }
  }

  private struct Picture {
    var width: Int
    var height: Int
    var format: AVPixelFormat
    /// Of its pixels.
    var seed: UInt64

    /// A frame of this kind with random bytes in its planes and in all that is behind their rows.
    func frame(seed: UInt64) throws -> UnsafeMutablePointer<AVFrame> {
      let frame = try unsafe #require(av_frame_alloc())
      unsafe frame.pointee.width = Int32(width)
      unsafe frame.pointee.height = Int32(height)
      unsafe frame.pointee.format = format.rawValue
      try unsafe #require(av_frame_get_buffer(frame, 64) >= 0)
      var random = SplitMix64(seed: seed)
      let planes = unsafe [frame.pointee.buf.0, frame.pointee.buf.1, frame.pointee.buf.2]
      for index in unsafe planes.indices {
        guard let plane = unsafe planes[index]?.pointee else { continue }
        // SAFETY: a plane's memory has the size that it says, and nobody else knows it yet.
        for byte in unsafe 0..<plane.size { unsafe plane.data[byte] = UInt8(truncatingIfNeeded: random.next()) }
      }
      return unsafe frame
    }

    /// The picture, among bytes that are no part of it.
    func decoded(garbage: UInt64) throws -> DecodedPicture {
      let pixels = unsafe DecodedPicture(taking: try frame(seed: seed))
      let frame = try unsafe frame(seed: garbage)
      // SAFETY: both frames are of one size and format; the pixels alone are copied.
      try #require(unsafe pixels.withFrame { unsafe av_frame_copy(frame, $0) } >= 0)
      return unsafe DecodedPicture(taking: frame)
    }
  }

  /// The bytes of `picture`'s tensor where all memory held garbage before, and a picture of garbage came first.
  private func tensor(of picture: Picture, _ request: InputRequest, garbage: UInt64) throws -> [UInt8] {
    let worker = LetterboxWorker(
      targets: [.init(request: request, consumers: ["detector"])], pool: BufferPool()
    ) { _, _ in }
    func letterbox(_ image: DecodedPicture) throws -> [UInt8] {
      let frame = SinkFixture.frame(0, width: image.width, height: image.height, image: image)
      guard case .emit(let result) = try worker.process(frame) else {
        throw PipelineError("the letterbox dropped a frame", code: .internalFault)
      }
      let input = try #require(result.attachment("detector") as? ModelInput)
      // SAFETY: nobody else has the tensor, whose memory goes back to the pool and becomes the next tensor's.
      return unsafe input.tensor.buffer.withBytes { bytes in
        defer { _ = unsafe bytes.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: garbage)) }
        return unsafe Array(bytes)
      }
    }
    _ = try letterbox(unsafe DecodedPicture(taking: picture.frame(seed: garbage)))
    return try letterbox(picture.decoded(garbage: garbage))
  }
}
