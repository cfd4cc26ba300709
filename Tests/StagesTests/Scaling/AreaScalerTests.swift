import CFFmpeg
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Stages

/// Pictures look as swscale scales them: at most a level of 255 apart where sums are rounded the other way.
@Suite struct AreaScalerTests {
  struct Case: CustomStringConvertible, Sendable {
    var format: String
    var isFullRange: Bool
    var isBT709: Bool
    var description: String { "\(format), \(isFullRange ? "full" : "limited"), \(isBT709 ? "BT.709" : "BT.601")" }
  }

  private static let cases = ScalingFixtures.formats.flatMap { format in
    [(false, false), (false, true), (true, false), (true, true)].compactMap { isFull, isBT709 in
      format.contains("j") && !isFull ? nil : Case(format: format, isFullRange: isFull, isBT709: isBT709)
    }
  }

  /// To sizes in every ratio: both axes smaller by far, one chroma axis larger or as it is, odd ones.
  private static let sizes = [(104, 58), (480, 135), (479, 269), (300, 270), (240, 135), (37, 200), (8, 5)]

  private func check(
    _ picture: DecodedPicture, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for (width, height) in Self.sizes {
      let agreement = try ScalingFixtures.agreement(picture, width, height)
      #expect(
        agreement.beyondOne <= 0.001 && agreement.worst <= 2, "\(what) to \(width) x \(height): \(agreement)",
        sourceLocation: sourceLocation)
    }
  }

  /// Every pixel its own value, within the range of its plane: the sharpest edges everywhere.
  @Test(arguments: cases)
  func givenNoise_whenScaled_thenAsSwscaleDoes(_ of: Case) throws {
    var random = SplitMix64(seed: 3)
    let picture = try ScalingFixtures.picture(
      of.format, 480, 270, isFullRange: of.isFullRange, isBT709: of.isBT709
    ) { plane, _, _ in
      .random(in: of.isFullRange ? 0...255 : plane == 0 ? 16...235 : 16...240, using: &random)
    }
    try check(picture, "noise")
  }

  /// Blocks of colour show where chroma lies.
  @Test(arguments: ScalingFixtures.formats)
  func givenBlocks_whenScaled_thenAsSwscaleDoes(_ format: String) throws {
    let picture = try ScalingFixtures.picture(format, 480, 270) { plane, column, row in
      switch plane {
      case 0: (column / 7 + row / 5) % 2 == 0 ? 60 : 180
      case 1: (column / 30) % 2 == 0 ? 90 : 170
      default: (row / 11) % 2 == 0 ? 80 : 160
      }
    }
    try check(picture, "blocks")
  }

  @Test(arguments: ScalingFixtures.formats)
  func givenAnOddSize_whenScaled_thenAsSwscaleDoes(_ format: String) throws {
    var random = SplitMix64(seed: 5)
    let picture = try ScalingFixtures.picture(format, 321, 241) { _, _, _ in .random(in: 16...235, using: &random) }
    for (width, height) in [(104, 78), (321, 241), (160, 120), (320, 240), (33, 17)] {
      let agreement = try ScalingFixtures.agreement(picture, width, height)
      #expect(agreement.beyondOne <= 0.001 && agreement.worst <= 2, "\(width) x \(height): \(agreement)")
    }
  }

  /// Frames of a film as they were decoded, and the same in the other formats.
  @Test(
    .enabled(if: TestData.file("data/video/one-by-one-person-detection.mp4") != nil, "needs the test data"),
    arguments: cases)
  func givenFramesOfAFilm_whenScaled_thenAsSwscaleDoes(_ of: Case) throws {
    let path = try #require(TestData.file("data/video/one-by-one-person-detection.mp4")).path
    let frames = try MediaFixtures.run(path) { $0.maxFrames = 2 }.frames
    try #require(frames.count == 2)
    for frame in frames {
      let decoded = try #require(frame.image as? DecodedPicture)
      let picture = try converted(decoded, of)
      for (width, height) in [(416, 234), (640, 360), (224, 224)] {
        let agreement = try ScalingFixtures.agreement(picture, width, height)
        #expect(agreement.beyondOne <= 0.001 && agreement.worst <= 2, "\(width) x \(height): \(agreement)")
      }
    }
  }

  private func converted(_ picture: DecodedPicture, _ of: Case) throws -> DecodedPicture {
    let frame = try unsafe #require(av_frame_alloc())
    unsafe ScalingFixtures.describe(
      frame, of.format, picture.width, picture.height, isFullRange: of.isFullRange, isBT709: of.isBT709)
    let copy = unsafe DecodedPicture(taking: frame)
    try unsafe #require(av_frame_get_buffer(frame, 64) >= 0)
    let width = Int32(picture.width), height = Int32(picture.height)
    // SAFETY: the context is for pictures of this size and these formats, and freed here.
    try unsafe picture.withFrame { source in
      let context = unsafe sws_getContext(
        width, height, AVPixelFormat(source.pointee.format), width, height, av_get_pix_fmt(of.format),
        ep_sws_full_color_flags(), nil, nil, nil)
      defer { unsafe sws_freeContext(context) }
      try #require(unsafe context != nil)
      try #require(unsafe ep_sws_scale(context, source, frame) == height)
    }
    return copy
  }

  /// A known answer: grey in limited range is (luma - 16) x 255 / 219, whatever it is scaled to.
  @Test(arguments: ScalingFixtures.formats)
  func givenOneGrey_whenScaled_thenItsLevel(_ format: String) throws {
    let isFull = format.contains("j")
    for luma in [0, 16, 17, 100, 126, 200, 235, 255] {
      let picture = try ScalingFixtures.picture(format, 66, 50) { plane, _, _ in plane == 0 ? UInt8(luma) : 128 }
      let level = isFull ? luma : min(max(Int((Double(luma - 16) * 255 / 219).rounded()), 0), 255)
      let scaler = try #require(AreaScaler(like: picture, width: 13, height: 9))
      let colors = try ScalingFixtures.colors(scaler, picture, 13, 9)
      #expect(colors.allSatisfy { Int($0) == level }, "\(luma)")
    }
  }

  /// Some cameras leave the limited range. Where the sum is far beyond, swscale's overflows and gives black.
  @Test func givenBrightBlueBeyondTheRange_whenScaled_thenItStaysBright() throws {
    let picture = try brightBlue()
    let scaler = try #require(AreaScaler(like: picture, width: 16, height: 12))
    let blue = try ScalingFixtures.colors(scaler, picture, 16, 12).suffix(16 * 12)
    #expect(blue.allSatisfy { $0 == 255 })
  }

  /// The same picture tells which of the two the letterbox uses.
  @Test(.enabled(if: AreaScaler.hasKernels, "needs kernels for this processor"))
  func givenAProcessorWithKernels_whenLetterboxed_thenTheyScale() throws {
    let frame = SinkFixture.frame(0, width: 64, height: 48, image: try brightBlue())
    let request = LetterboxFixtures.request(.fixed(height: 12, width: 16))
    let blue = LetterboxFixtures.floats(try LetterboxFixtures.input(frame, request)).suffix(16 * 12)
    #expect(blue.allSatisfy { $0 == 255 })
  }

  private func brightBlue() throws -> DecodedPicture {
    try ScalingFixtures.picture("yuv420p", 64, 48) { plane, _, _ in plane == 2 ? 128 : 255 }
  }

  @Test(arguments: ["yuv444p", "yuv420p10le", "gbrp", "gray", "rgb24", "nv16"])
  func givenAnotherFormat_whenAsked_thenSwscaleIsNeeded(_ format: String) throws {
    let frame = try unsafe #require(av_frame_alloc())
    unsafe ScalingFixtures.describe(frame, format, 64, 48, isFullRange: false, isBT709: false)
    let picture = unsafe DecodedPicture(taking: frame)
    #expect(AreaScaler(like: picture, width: 32, height: 24) == nil)
  }

  @Test func givenALargerOrFarSmallerSize_whenAsked_thenSwscaleIsNeeded() throws {
    let picture = try ScalingFixtures.picture("yuv420p", 640, 48) { _, _, _ in 0 }
    #expect(AreaScaler(like: picture, width: 641, height: 48) == nil)
    #expect(AreaScaler(like: picture, width: 640, height: 49) == nil)
    #expect(AreaScaler(like: picture, width: 10, height: 48) == nil)
    #expect(AreaScaler(like: picture, width: 11, height: 1) != nil)
    #expect(AreaScaler(like: picture, width: 640, height: 48) != nil)
  }

  @Test func givenAFrameWithoutPlanes_whenScaled_thenTheFrameIsRefused() throws {
    let picture = try ScalingFixtures.picture("yuv420p", 64, 48) { _, _, _ in 0 }
    let scaler = try #require(AreaScaler(like: picture, width: 32, height: 24))
    let frame = try unsafe #require(av_frame_alloc())
    unsafe ScalingFixtures.describe(frame, "yuv420p", 64, 48, isFullRange: false, isBT709: false)
    let empty = unsafe DecodedPicture(taking: frame)
    #expect(scaler.fits(empty, width: 32, height: 24))
    let error = try #require(throws: PipelineError.self) { try scaler.scale(empty) { _ in } }
    #expect(error.consequence == .skipFrame)
  }
}
