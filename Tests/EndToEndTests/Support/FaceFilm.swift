import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

/// A film with three portraits on their ways, so that it is known where faces are. The third one comes and goes.
struct FaceFilm {
  static let isAvailable =
    Has.ffmpeg && TestData.astronaut != nil && TestData.onnxRuntimeLibrary != nil && Has.model("centerface")
  static let needs: Comment = "needs ffmpeg, ONNX Runtime, .deps/samples/astronaut.png and the model centerface"
  static let width = 640, height = 360, rate = 5

  /// A part of the astronaut's picture, and its upper left corner: `place + reach * sin(speed * frame)`.
  private struct Portrait {
    var scale: Double
    var place: (x: Double, y: Double)
    var reach: (x: Double, y: Double)
    var speed: Double
    /// Of every 20 frames, those before this one are without it.
    var from = 0

    static let size = (width: 200.0, height: 260.0)
    /// The face's middle and half axes in that part.
    static let face = (x: 100.0, y: 128.0, halfWidth: 47.0, halfHeight: 62.0)

    func face(at frame: Int) -> Box? {
      guard frame % 20 >= from else { return nil }
      let way = sin(speed * Double(frame))
      let x = place.x + reach.x * way + scale * Self.face.x, y = place.y + reach.y * way + scale * Self.face.y
      return Box(
        centerX: Float(x), centerY: Float(y), width: Float(2 * scale * Self.face.halfWidth),
        height: Float(2 * scale * Self.face.halfHeight))
    }

    /// For the filter `overlay`.
    var overlay: String {
      func coordinate(_ place: Double, _ reach: Double) -> String { "'\(place)+\(reach)*sin(\(speed)*n)'" }
      return "overlay=x=\(coordinate(place.x, reach.x)):y=\(coordinate(place.y, reach.y))"
        + ":enable='gte(mod(n,20),\(from))'"
    }
  }

  private static let portraits = [
    Portrait(scale: 0.5, place: (50, 20), reach: (30, 0), speed: 0.14),
    Portrait(scale: 0.7, place: (250, 150), reach: (40, 0), speed: 0.11),
    Portrait(scale: 0.38, place: (530, 110), reach: (0, 40), speed: 0.12, from: 8),
  ]

  let path: String
  /// Wherever a face is in some frame.
  let places: [Box]

  /// - Parameter times: it is shown so often, one after the other.
  init(_ path: String, frames: Int, times: Int = 1) throws {
    self.path = path
    places = (0..<frames).flatMap { frame in Self.portraits.compactMap { $0.face(at: frame) } }
    let size = Portrait.size
    var filter = "[1]crop=\(Int(size.width)):\(Int(size.height)):123:0,split=\(Self.portraits.count)"
    for index in Self.portraits.indices { filter += "[p\(index)]" }
    var background = "0"
    for (index, portrait) in Self.portraits.enumerated() {
      filter += ";[p\(index)]scale=\(Int(portrait.scale * size.width)):\(Int(portrait.scale * size.height))[s\(index)]"
      filter += ";[\(background)][s\(index)]\(portrait.overlay)[f\(index)]"
      background = "f\(index)"
    }
    let seconds = Double(frames) / Double(Self.rate)
    try FFmpeg.make([
      "-f", "lavfi", "-i",
      "gradients=size=\(Self.width)x\(Self.height):rate=\(Self.rate):duration=\(seconds):seed=5:speed=0.01", "-i",
      #require(TestData.astronaut).path, "-filter_complex", "\(filter);[\(background)]format=yuv420p",
      "-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-g", "\(Self.rate)",
      times == 1 ? path : path + ".once.mp4",
    ])
    guard times > 1 else { return }
    try FFmpeg.make(["-stream_loop", "\(times - 1)", "-i", path + ".once.mp4", "-c", "copy", path])
  }
}
