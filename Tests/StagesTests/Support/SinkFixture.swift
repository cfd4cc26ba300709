import CFFmpeg
@testable import EdgepipeCore
import Foundation
import Logging
@testable import Pipeline
import PipelineTestSupport
import Synchronization
import Testing

@testable import Stages

/// What the tests of sinks and trackers share: a context with a clock that stands still, and frames made to order.
enum SinkFixture {
  final class StillClock: PipelineClock {
    private let time: Mutex<Int64>
    init(nanoseconds: Int64 = 0) { time = Mutex(nanoseconds) }
    func now() -> MonotonicTime { MonotonicTime(nanoseconds: time.withLock { $0 }) }
    func wallTime() -> WallTime { WallTime(nanoseconds: 0) }
  }

  static func context(_ id: String = "sink", nowNanoseconds: Int64 = 0) -> StageContext {
    StageContext(
      id: id, clock: StillClock(nanoseconds: nowNanoseconds), logger: Logger(label: "test"), framesInFlight: 4,
      threads: ThreadCensus())
  }

  static func frame(
    _ sequence: Int, stream: String = "camera", seconds: Double? = nil, width: Int = 1920, height: Int = 1080,
    image: (any FrameImage)? = nil, discontinuity: Int = 0, results: [StageResults] = []
  ) -> Frame {
    let header = FrameHeader(
      stream: StreamInfo(id: stream, sourceStage: "source"), sequence: sequence,
      mediaTime: MediaTime(seconds: seconds ?? Double(sequence) / 30), captured: MonotonicTime(nanoseconds: 0),
      capturedWall: WallTime(nanoseconds: 1_767_225_600_400_000_000), source: "samples/street-1080p.mp4", width: width,
      height: height, discontinuity: discontinuity)
    var frame = Frame(header: header, image: image)
    for result in results { frame.attach(result) }
    return frame
  }

  /// A picture with a horizontal ramp in luma, moved by `phase`, and grey chroma (or a ramp in every byte).
  static func picture(
    width: Int, height: Int, format: AVPixelFormat = AV_PIX_FMT_YUV420P, phase: Int = 0
  ) throws -> DecodedPicture {
    let frame = try unsafe #require(av_frame_alloc())
    unsafe frame.pointee.width = Int32(width)
    unsafe frame.pointee.height = Int32(height)
    unsafe frame.pointee.format = format.rawValue
    try unsafe #require(av_frame_get_buffer(frame, 0) >= 0)
    let planes = unsafe [frame.pointee.data.0, frame.pointee.data.1, frame.pointee.data.2]
    let strides = unsafe [frame.pointee.linesize.0, frame.pointee.linesize.1, frame.pointee.linesize.2]
    for index in 0..<3 {
      guard let plane = unsafe planes[index] else { continue }
      let isChroma = index > 0
      let isHalved = format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P
      let rows = isChroma && isHalved ? (height + 1) / 2 : height
      for row in 0..<rows {
        for column in 0..<Int(strides[index]) {
          // SAFETY: inside the plane: `rows` rows of the stride.
          unsafe plane[row * Int(strides[index]) + column] = isChroma ? 128 : UInt8(16 + (column + phase) % 220)
        }
      }
    }
    return unsafe DecodedPicture(taking: frame)
  }

  static func ffprobe(_ arguments: [String]) throws -> String {
    let result = try TestData.run(URL(fileURLWithPath: "/usr/bin/ffprobe"), ["-v", "error"] + arguments)
    return String(decoding: result.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  static func frameCount(_ path: String) throws -> Int? {
    // A list of segments has its stream twice: by itself, and in its program.
    try ffprobe([
      "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path,
    ]).split(whereSeparator: \.isNewline).first.flatMap { Int($0) }
  }

  /// One plane's bytes of a picture file or the first frame of a video, as 8-bit RGB.
  static func rgb(_ path: String) throws -> [UInt8] {
    let result = try TestData.run(
      URL(fileURLWithPath: "/usr/bin/ffmpeg"),
      ["-v", "error", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
    return Array(result.output)
  }

  static func detection(
    _ label: String = "person", x: Float, y: Float, width: Float = 80, height: Float = 160, score: Float = 0.9,
    track: Int? = nil, landmarks: [Point] = []
  ) -> Detection {
    Detection(
      label: label, classIndex: 0, score: score, box: Box(x: x, y: y, width: width, height: height),
      landmarks: landmarks, track: track)
  }

  /// Repeatable numbers (SplitMix64).
  struct Random: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    /// Normally distributed, by Box and Muller.
    mutating func normal() -> Double {
      let u = Double.random(in: 1e-12..<1, using: &self), v = Double.random(in: 0..<1, using: &self)
      return (-2 * log(u)).squareRoot() * cos(2 * .pi * v)
    }
  }
}
