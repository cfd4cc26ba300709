import EdgepipeCore
import Foundation

/// RetinaFace: boxes 1 x N x 4, confidences 1 x N x 2 (softmax done), landmarks 1 x N x 10.
///
/// Priors over strides 8, 16, 32 with minimum sizes (10, 20), (32, 64), (128, 256); each map has ceil(H/s) x ceil(W/s)
/// cells, row-major, both sizes per cell. In input pixels, with the prior's centre p and size m: centre =
/// p + 0.1 loc m, size = m exp(0.2 loc), landmark = p + 0.1 lm m, score = conf[1].
struct RetinaFaceHead: Head {
  var hasLandmarks: Bool { true }
  static let levels: [(stride: Int, sizes: [Int])] = [(8, [10, 20]), (16, [32, 64]), (32, [128, 256])]

  init() {}

  func decode(
    _ outputs: borrowing ModelOutputs, _ request: borrowing DecodeRequest, into found: inout Candidates
  ) throws {
    let width = request.inputWidth, height = request.inputHeight
    let count = Self.levels.reduce(0) { sum, level in
      sum + Self.cells(width, level.stride) * Self.cells(height, level.stride) * level.sizes.count
    }
    func output(_ last: Int) -> UnsafePointer<Float>? {
      unsafe outputs.outputs.first { $0.shape == [1, count, last] }?.elements([1, count, last])
    }
    guard outputs.outputs.count == 3, let boxes = unsafe output(4), let scores = unsafe output(2),
      let landmarks = unsafe output(10)
    else {
      throw shapeMismatch(
        head: .retinaface, expected: "1x\(count)x4, 1x\(count)x2 and 1x\(count)x10", outputs, request)
    }
    guard request.classes.contains(0) else { return }
    var prior = 0
    for level in Self.levels {
      let columns = Self.cells(width, level.stride)
      for row in 0..<Self.cells(height, level.stride) {
        for column in 0..<columns {
          for size in level.sizes {
            // SAFETY: `prior` counts up to `count`, the number of rows of all three outputs.
            let score = unsafe scores[2 * prior + 1]
            if !(score <= request.threshold) {
              unsafe found.add(
                Self.candidate(
                  boxes + 4 * prior, landmarks + 10 * prior, score: score,
                  x: (Float(column) + 0.5) * Float(level.stride), y: (Float(row) + 0.5) * Float(level.stride),
                  size: Float(size)))
            }
            prior += 1
          }
        }
      }
    }
  }

  private static func cells(_ side: Int, _ stride: Int) -> Int { (side + stride - 1) / stride }

  private static func candidate(
    _ box: UnsafePointer<Float>, _ landmark: UnsafePointer<Float>, score: Float, x: Float, y: Float, size: Float
  ) -> Candidate {
    // SAFETY: the pointers are rows of 4 and 10 floats.
    let points = InlineArray<5, Point> { k in
      unsafe Point(x: x + 0.1 * landmark[2 * k] * size, y: y + 0.1 * landmark[2 * k + 1] * size)
    }
    return unsafe Candidate(
      centerX: x + 0.1 * box[0] * size, centerY: y + 0.1 * box[1] * size, width: size * exp(0.2 * box[2]),
      height: size * exp(0.2 * box[3]), score: score, classIndex: 0, landmarks: points)
  }
}
