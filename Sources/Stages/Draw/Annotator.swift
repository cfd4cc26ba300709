import EdgepipeCore
import Pipeline

/// Draws what was found on a picture: boxes, plates with label, track and score, facial landmarks, zones and lines. Of a
/// box that is predicted only the corners are drawn.
///
/// Line widths and letters grow with the picture's height, so that they can be read at 1080p. Used by one thread.
struct Annotator {
  /// Characters on a plate; what is longer is cut.
  static let longestText = 40

  let options: AnnotationSettings
  private var text: [UInt8] = []

  init(_ options: AnnotationSettings) { self.options = options }

  /// Draws every detection of `frame` on a canvas that shows the whole source picture at any size.
  mutating func draw(_ frame: Frame, on canvas: borrowing PlanarCanvas) {
    let scaleX = Float(canvas.width) / Float(max(1, frame.header.width))
    let scaleY = Float(canvas.height) / Float(max(1, frame.header.height))
    let thickness = max(1, (canvas.height + 180) / 360)
    let letter = max(1, (canvas.height + 240) / 360)
    let overlays = options.zones ? frame.attachments(of: FrameOverlay.self) : []
    let scale = Vertex(Double(scaleX), Double(scaleY))
    // Outlines below the boxes, captions above them.
    for overlay in overlays {
      for shape in overlay.shapes { outline(shape, on: canvas, scale: scale, thickness: thickness) }
    }
    for result in frame.results {
      for detection in result.detections where detection.box.isFinite {
        draw(detection, on: canvas, scaleX: scaleX, scaleY: scaleY, thickness: thickness, letter: letter)
      }
    }
    for overlay in overlays {
      for shape in overlay.shapes { caption(shape, on: canvas, scale: scale, letter: letter) }
    }
  }

  private mutating func draw(
    _ detection: Detection, on canvas: borrowing PlanarCanvas, scaleX: Float, scaleY: Float, thickness: Int,
    letter: Int
  ) {
    let isFace = detection.label == "face" || !detection.landmarks.isEmpty
    let color =
      isFace ? .face : YUVColor.of(options.tracks ? detection.track ?? detection.classIndex : detection.classIndex)
    let box = detection.box
    let x0 = Self.pixel(box.x * scaleX, limit: canvas.width), x1 = Self.pixel(box.maxX * scaleX, limit: canvas.width)
    let y0 = Self.pixel(box.y * scaleY, limit: canvas.height), y1 = Self.pixel(box.maxY * scaleY, limit: canvas.height)
    if detection.isPredicted {
      canvas.strokeCorners(x0: x0, y0: y0, x1: x1, y1: y1, thickness: thickness, color)
    } else {
      canvas.stroke(x0: x0, y0: y0, x1: x1, y1: y1, thickness: thickness, color)
    }

    for point in detection.landmarks where point.x.isFinite && point.y.isFinite {
      let x = Self.pixel(point.x * scaleX, limit: canvas.width)
      let y = Self.pixel(point.y * scaleY, limit: canvas.height)
      canvas.fill(x0: x - thickness, y0: y - thickness, x1: x + thickness, y1: y + thickness, .landmark)
    }

    guard options.labels || (options.tracks && detection.track != nil) else { return }
    write(detection)
    plate(x: x0, y: y0, on: canvas, letter: letter, color)
  }

  /// Draws a zone's outline, or a line with an arrow for its first direction.
  private func outline(
    _ shape: FrameOverlay.Shape, on canvas: borrowing PlanarCanvas, scale: Vertex, thickness: Int
  ) {
    let color = Self.color(of: shape)
    let vertices = shape.vertices.map { $0 * scale }
    guard let first = vertices.first, var start = vertices.last else { return }
    if vertices.count > 2 {
      for end in vertices {
        canvas.line(from: start, to: end, thickness: thickness, color)
        start = end
      }
      return
    }
    let last = start
    canvas.line(from: first, to: last, thickness: thickness, color)
    let along = last - first
    let length = (along.x * along.x + along.y * along.y).squareRoot()
    guard length > 0 else { return }
    // To the right of the line, as DirectedLine has it.
    let unit = along / length, right = Vertex(-unit.y, unit.x) * Double(thickness)
    let middle = (first + last) / 2, tip = middle + right * 14
    canvas.line(from: middle, to: tip, thickness: thickness, color)
    for side in [-5.0, 5] {
      canvas.line(from: tip, to: tip - right * 5 + unit * (side * Double(thickness)), thickness: thickness, color)
    }
  }

  /// Writes a shape's text at its corner that is furthest up.
  private mutating func caption(
    _ shape: FrameOverlay.Shape, on canvas: borrowing PlanarCanvas, scale: Vertex, letter: Int
  ) {
    guard let place = shape.vertices.map({ $0 * scale }).min(by: { $0.y < $1.y }), place.x.isFinite, place.y.isFinite
    else { return }
    text.removeAll(keepingCapacity: true)
    for scalar in shape.text.unicodeScalars.prefix(Self.longestText) {
      text.append(scalar.isASCII ? UInt8(scalar.value) : UInt8(ascii: "?"))
    }
    let x = Self.pixel(Float(place.x), limit: canvas.width), y = Self.pixel(Float(place.y), limit: canvas.height)
    // Inside the picture, wherever the shape is.
    let lowest = max(0, canvas.height - (BitmapFont.height + 2) * letter)
    plate(x: x, y: max(0, min(y, lowest)), on: canvas, letter: letter, Self.color(of: shape))
  }

  private static func color(of shape: FrameOverlay.Shape) -> YUVColor {
    shape.vertices.count == 2 ? .line : shape.isActive ? .activeZone : .zone
  }

  /// Writes `text` on a plate above (x, y), or below where the picture ends above.
  private func plate(x: Int, y: Int, on canvas: borrowing PlanarCanvas, letter: Int, _ color: YUVColor) {
    let plateWidth = (text.count * BitmapFont.advance + 1) * letter
    let plateHeight = (BitmapFont.height + 2) * letter
    let top = y >= plateHeight ? y - plateHeight : y
    let left = max(0, min(x, canvas.width - plateWidth))
    canvas.fill(x0: left, y0: top, x1: left + plateWidth, y1: top + plateHeight, color)
    canvas.text(text, x: left + letter, y: top + letter, scale: letter, color.contrast)
  }

  /// Leaves `person 7 91%` in `text`.
  private mutating func write(_ detection: Detection) {
    text.removeAll(keepingCapacity: true)
    if options.labels {
      for scalar in detection.label.unicodeScalars.prefix(Self.longestText) {
        text.append(scalar.isASCII ? UInt8(scalar.value) : UInt8(ascii: "?"))
      }
    }
    if options.tracks, let track = detection.track {
      if !text.isEmpty { text.append(UInt8(ascii: " ")) }
      text.append(contentsOf: String(track).utf8)
    }
    if options.labels, detection.score.isFinite {
      let percent = Int((min(1, max(0, detection.score)) * 100).rounded())
      text.append(UInt8(ascii: " "))
      text.append(contentsOf: String(percent).utf8)
      text.append(UInt8(ascii: "%"))
    }
  }

  /// A coordinate as a pixel, at most a picture outside of the picture: safe to compute with.
  private static func pixel(_ value: Float, limit: Int) -> Int {
    let bound = Float(limit)
    return Int(min(2 * bound, max(-bound, value)).rounded())
  }
}
