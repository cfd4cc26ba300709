/// How the bytes of a pixel format lie in memory, for pictures that plugins make. Names are FFmpeg's.
package struct PluginPixelFormat: Sendable {
  /// One plane: how wide and high it is beside the picture, and how many bytes a value column takes.
  private struct Plane: Sendable {
    let bytes: Int
    var shiftX = 0
    var shiftY = 0
  }

  private let planes: [Plane]

  /// Nil for a format that is not known here.
  package init?(_ name: String) {
    guard let planes = Self.known[name] else { return nil }
    self.planes = planes
  }

  /// The sizes of the planes of a picture of this size, in pixels.
  package func layout(width: Int, height: Int) -> [(rowBytes: Int, rows: Int)] {
    planes.map { plane in
      (
        plane.bytes * ((width + (1 << plane.shiftX) - 1) >> plane.shiftX),
        (height + (1 << plane.shiftY) - 1) >> plane.shiftY
      )
    }
  }

  package static var names: [String] { known.keys.sorted() }

  private static let known: [String: [Plane]] = {
    var formats: [String: [Plane]] = [:]
    func planar(_ names: [String], bytes: Int = 1, _ shiftX: Int, _ shiftY: Int) {
      let chroma = Plane(bytes: bytes, shiftX: shiftX, shiftY: shiftY)
      for name in names { formats[name] = [Plane(bytes: bytes), chroma, chroma] }
    }
    planar(["yuv420p", "yuvj420p"], 1, 1)
    planar(["yuv422p", "yuvj422p"], 1, 0)
    planar(["yuv444p", "yuvj444p", "gbrp"], 0, 0)
    planar(["yuv420p10le", "yuv420p12le"], bytes: 2, 1, 1)
    planar(["yuv422p10le", "yuv422p12le"], bytes: 2, 1, 0)
    planar(["yuv444p10le", "yuv444p12le", "gbrp10le"], bytes: 2, 0, 0)
    for name in ["nv12", "nv21"] { formats[name] = [Plane(bytes: 1), Plane(bytes: 2, shiftX: 1, shiftY: 1)] }
    formats["p010le"] = [Plane(bytes: 2), Plane(bytes: 4, shiftX: 1, shiftY: 1)]
    formats["gray"] = [Plane(bytes: 1)]
    for name in ["gray10le", "gray12le", "gray16le"] { formats[name] = [Plane(bytes: 2)] }
    for name in ["rgb24", "bgr24"] { formats[name] = [Plane(bytes: 3)] }
    for name in ["rgba", "bgra", "argb", "abgr", "rgb0", "bgr0", "0rgb", "0bgr"] { formats[name] = [Plane(bytes: 4)] }
    return formats
  }()
}
