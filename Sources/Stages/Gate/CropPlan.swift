import EdgepipeCore

/// Where a larger detector looks closer: parts of the picture around what a smaller one is in doubt about.
struct CropPlan {
  /// Doubtful boxes that are considered, the best ones.
  private static let maximumBoxes = 100
  /// A box fits into a crop of so much more in each direction: what lies at the edge is cut off.
  private static let room: Float = 1.1

  /// Of a crop, in pixels.
  let width: Int
  let height: Int
  private let pictureWidth: Int
  private let pictureHeight: Int

  /// - Parameter zoom: a crop's sides are those of the picture divided by this.
  init(width: Int, height: Int, zoom: Double) {
    (pictureWidth, pictureHeight) = (width, height)
    func side(_ length: Int) -> Int { max(2, min(length, Int(Double(length) / max(1, zoom)) & ~1)) }
    (self.width, self.height) = (side(width), side(height))
  }

  /// Whether a look at a crop can show more of a box than the whole picture did.
  func fits(_ box: Box) -> Bool {
    box.isFinite && box.width * Self.room <= Float(width) && box.height * Self.room <= Float(height)
  }

  /// The crops that show the most of the boxes, at most so many: each is centred on the one of those still left that takes the
  /// most others with it.
  func crops(around boxes: [Box], most: Int) -> [Box] {
    var left = Array(boxes.lazy.filter(fits).prefix(Self.maximumBoxes)), crops: [Box] = []
    while crops.count < most, !left.isEmpty {
      var best: (crop: Box, inside: Int)?
      for box in left {
        let crop = crop(around: box), inside = left.count { crop.holds($0) }
        if inside > best?.inside ?? 0 { best = (crop, inside) }
      }
      guard let crop = best?.crop else { break }
      crops.append(crop)
      left.removeAll { crop.holds($0) }
    }
    return crops
  }

  /// On even pixels, so that all planes of a picture begin there.
  private func crop(around box: Box) -> Box {
    func start(_ middle: Float, _ side: Int, _ whole: Int) -> Float {
      let start = min(max(0, middle - Float(side) / 2), Float(whole - side))
      return Float(Int(start) & ~1)
    }
    return Box(
      x: start(box.x + box.width / 2, width, pictureWidth), y: start(box.y + box.height / 2, height, pictureHeight),
      width: Float(width), height: Float(height))
  }
}

extension Box {
  /// Whether another box lies inside, to a pixel.
  func holds(_ other: Box) -> Bool {
    other.x >= x - 1 && other.y >= y - 1 && other.maxX <= maxX + 1 && other.maxY <= maxY + 1
  }
}
