import EdgepipeCore
import Pipeline
import Synchronization

/// Frames with tracked detections, for tests of sinks.
enum OutputFrames {
  /// 2026-01-01T00:00:00Z, in seconds.
  static let start = 1_767_225_600.0

  /// - Parameter wallSeconds: after ``start``; nil: as the media time.
  static func frame(
    _ sequence: Int, stream: String = "camera", seconds: Double, cut: Int = 0, wallSeconds: Double? = nil,
    image: (any FrameImage)? = nil, _ detections: [Detection] = [], events: [FrameEvent] = []
  ) -> Frame {
    let milliseconds = ((start + (wallSeconds ?? seconds)) * 1000).rounded()
    let header = FrameHeader(
      stream: info(stream), sequence: sequence,
      mediaTime: MediaTime(seconds: seconds), captured: MonotonicTime(nanoseconds: 0),
      capturedWall: WallTime(nanoseconds: Int64(milliseconds) * 1_000_000), source: "street.mp4", width: 640,
      height: 480, discontinuity: cut)
    var frame = Frame(header: header, image: image)
    frame.attach(StageResults(stage: "objects", detections: detections))
    for event in events { frame.add(event) }
    return frame
  }

  /// The same object for a name: another one would be another stream.
  private static func info(_ name: String) -> StreamInfo {
    streams.withLock { streams in
      if let known = streams[name] { return known }
      let made = StreamInfo(id: name, sourceStage: "source")
      streams[name] = made
      return made
    }
  }

  private static let streams = Mutex<[String: StreamInfo]>([:])

  static func detection(
    _ track: Int?, label: String = "person", score: Float = 0.5,
    box: Box = Box(x: 30, y: 40, width: 40, height: 80)
  ) -> Detection {
    Detection(label: label, classIndex: 0, score: score, box: box, track: track)
  }
}
