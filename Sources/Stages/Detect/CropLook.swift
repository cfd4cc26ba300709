import EdgepipeCore
import Pipeline

/// What a detector has found in one crop of a picture.
struct CropLook {
  /// Boxes that end so near to an inner edge of a crop, as a share of its sides, are cut off there.
  private static let edge: Float = 0.01

  /// Where the crop lies in the picture.
  let place: Box
  /// In the crop's pixels.
  let found: [Detection]

  /// The detections of all crops in the picture's pixels, best first: parts of objects that a crop's edge cuts off are left
  /// out, and of what several crops show the best one stays.
  static func joined(_ looks: [CropLook], in header: FrameHeader, iou: Float) -> [Detection] {
    let width = Float(header.width), height = Float(header.height)
    let all = looks.flatMap { look in look.found.compactMap { look.placed($0, width: width, height: height) } }
    var kept: [Detection] = []
    for detection in CascadeResults.bestFirst(all)
    where !kept.contains(where: { $0.label == detection.label && $0.box.iou(detection.box) > iou }) {
      kept.append(detection)
    }
    return kept
  }

  private func placed(_ detection: Detection, width: Float, height: Float) -> Detection? {
    let (x, y) = (Self.edge * place.width, Self.edge * place.height), box = detection.box
    if box.x < x && place.x > 1 || box.y < y && place.y > 1 { return nil }
    if box.maxX > place.width - x && place.maxX < width - 1 { return nil }
    if box.maxY > place.height - y && place.maxY < height - 1 { return nil }
    var placed = detection
    placed.box = Box(x: box.x + place.x, y: box.y + place.y, width: box.width, height: box.height)
    placed.landmarks = detection.landmarks.map { Point(x: $0.x + place.x, y: $0.y + place.y) }
    return placed
  }
}
