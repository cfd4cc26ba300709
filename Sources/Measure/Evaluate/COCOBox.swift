/// A box as COCO's files write it: the top-left corner and the size in pixels of the picture, in double precision.
///
/// `Pipeline.Box` holds the same in single precision, in which figures would differ from those of pycocotools.
struct COCOBox: Sendable, Hashable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  var area: Double { width * height }

  /// Intersection over union with a box of the ground truth, in 0...1. For a crowd, which stands for many objects, it
  /// is the share of this box that lies inside of the crowd. (`bbIou` of pycocotools' maskApi.c.)
  func overlap(with truth: COCOBox, isCrowd: Bool) -> Double {
    let sharedWidth = min(x + width, truth.x + truth.width) - max(x, truth.x)
    guard sharedWidth > 0 else { return 0 }
    let sharedHeight = min(y + height, truth.y + truth.height) - max(y, truth.y)
    guard sharedHeight > 0 else { return 0 }
    let shared = sharedWidth * sharedHeight
    return shared / (isCrowd ? area : area + truth.area - shared)
  }
}
