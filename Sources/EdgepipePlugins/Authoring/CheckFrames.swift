import EdgepipeCore
import EdgepipePluginHost

/// Frames as a plugin may meet them, for the check of its author.
struct CheckFrames: Sendable {
  /// Odd ones, and one that is common.
  static let sizes = [(1, 1), (2, 2), (17, 13), (641, 359), (640, 360)]
  static let usualFormats = ["yuv420p", "nv12", "gray", "rgb24", "bgr24", "yuv444p", "yuv420p10le"]

  private let pool = BufferPool()

  /// A picture with something in it.
  ///
  /// - Parameter upsideDown: rows lie from the bottom up, as some decoders leave them.
  func picture(_ format: String, _ width: Int, _ height: Int, seed: UInt64 = 1, upsideDown: Bool = false)
    -> PluginPicture?
  {
    guard let layout = PluginPixelFormat(format)?.layout(width: width, height: height) else { return nil }
    let strides = layout.map { ($0.rowBytes + 63) & ~31 }
    let buffer = pool.buffer(byteCount: zip(layout, strides).reduce(64) { $0 + $1.0.rows * $1.1 })
    var random = SplitMix64(seed: seed), planes: [PluginPicture.Plane] = []
    unsafe buffer.withBytes { bytes in
      // SAFETY: the buffer has room for every plane, and lives as long as the picture, which owns it.
      _ = unsafe bytes.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: 16 &+ seed &* 7))
      for _ in 0..<512 {
        let index = random.index(below: bytes.count)
        unsafe bytes[index] = UInt8(truncatingIfNeeded: random.next())
      }
      guard let base = bytes.baseAddress else { return }
      var offset = 0
      for (plane, stride) in zip(layout, strides) {
        let first = upsideDown ? offset + (plane.rows - 1) * stride : offset
        unsafe planes.append(
          PluginPicture.Plane(
            start: (base + first).assumingMemoryBound(to: UInt8.self), stride: upsideDown ? -stride : stride,
            rowBytes: plane.rowBytes, rows: plane.rows))
        offset += plane.rows * stride
      }
    }
    var picture = PluginPicture(format: format, width: width, height: height, planes: planes, owner: buffer)
    picture.range = .limited
    return picture
  }

  /// - Parameter isFull: with detections, tracks, events and attachments.
  func frame(_ number: Int, _ picture: PluginPicture?, width: Int, height: Int, isFull: Bool = false) -> PluginFrame {
    let instant = MonotonicTime(nanoseconds: 1_000_000_000 + Int64(number) * 40_000_000)
    var frame = PluginFrame(
      stream: "camera", sourceStage: "camera", source: "check", sequence: number,
      mediaTime: MediaTime(nanoseconds: Int64(number) * 40_000_000), captured: instant,
      capturedWall: WallTime(nanoseconds: 1_700_000_000_000_000_000 + Int64(number) * 40_000_000), now: instant,
      width: width, height: height)
    frame.picture = picture
    guard isFull else { return frame }
    var person = Detection(
      label: "person", classIndex: 0, score: 0.9,
      box: Box(x: 0, y: 0, width: Float(width) / 2, height: Float(height) / 2))
    person.track = 7
    let face = Detection(
      label: "face", classIndex: 0, score: 0.5, box: Box(x: 0, y: 0, width: Float(width), height: Float(height)),
      landmarks: [Point(x: 0, y: 0), Point(x: Float(width), y: Float(height))])
    frame.detections = [PluginDetection(stage: "objects", person), PluginDetection(stage: "faces", face)]
    frame.events = [
      PluginEvent(stage: "zones", kind: "zone.enter", label: "person", track: 7, fields: "{\"zone\": \"door\"}")
    ]
    frame.attachments = [
      PluginAttachment(name: "org.edgepipe.check/1", bytes: [1, 2, 3]),
      PluginAttachment(name: "org.edgepipe.empty/1", bytes: []),
    ]
    return frame
  }
}
