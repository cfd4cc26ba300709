public import EdgepipeCore
public import Pipeline

public enum TestFrames {
  /// A frame 40 ms after the one before; of 64 x 48 pixels where it has no picture.
  public static func frame(
    stream: StreamInfo, sequence: Int, clock: any PipelineClock, deadline: MonotonicTime? = nil,
    image: (any FrameImage)? = nil
  ) -> Frame {
    Frame(
      header: FrameHeader(
        stream: stream, sequence: sequence, mediaTime: MediaTime(seconds: Double(sequence) * 0.04),
        captured: clock.now(), capturedWall: clock.wallTime(), deadline: deadline, source: "test",
        width: image?.width ?? 64, height: image?.height ?? 48),
      image: image)
  }
}
