import EdgepipeCore
import Foundation

/// YuNet: for each stride s of 8, 16, 32 with M cells: class and objectness 1 x M x 1, box 1 x M x 4, landmarks
/// 1 x M x 10.
///
/// For cell (gx, gy): centre = (gx + d0, gy + d1) s, size = (exp d2, exp d3) s, landmark k = (gx + k0, gy + k1) s,
/// score = sqrt(class x objectness). The score is symmetric, so the two need not be told apart.
struct YuNetHead: Head {
  var hasLandmarks: Bool { true }
  static let strides = [8, 16, 32]

  init() {}

  func decode(
    _ outputs: borrowing ModelOutputs, _ request: borrowing DecodeRequest, into found: inout Candidates
  ) throws {
    guard outputs.outputs.count == 4 * Self.strides.count else { throw mismatch(outputs, request) }
    let threshold = request.threshold
    // The square of the threshold, slightly low, spares the root of cells that cannot pass.
    let bound = threshold * threshold * (1 - 1e-5)
    for stride in Self.strides {
      let columns = request.inputWidth / stride, count = columns * (request.inputHeight / stride)
      func all(_ last: Int) -> [ModelOutputs.Output] { outputs.outputs.filter { $0.shape == [1, count, last] } }
      let scores = all(1)
      guard scores.count == 2, let first = unsafe scores[0].elements([1, count, 1]),
        let second = unsafe scores[1].elements([1, count, 1]),
        let boxes = unsafe all(4).first?.elements([1, count, 4]),
        let landmarks = unsafe all(10).first?.elements([1, count, 10])
      else { throw mismatch(outputs, request) }
      guard request.classes.contains(0) else { continue }
      for cell in 0..<count {
        // SAFETY: `cell` is below `count`, the number of rows of all four outputs.
        let product = unsafe first[cell] * second[cell]
        if product <= bound { continue }
        let score = product.squareRoot()
        if score <= threshold { continue }
        unsafe found.add(
          Self.candidate(
            boxes + 4 * cell, landmarks + 10 * cell, score: score, x: Float(cell % columns), y: Float(cell / columns),
            stride: Float(stride)))
      }
    }
  }

  private static func candidate(
    _ box: UnsafePointer<Float>, _ landmark: UnsafePointer<Float>, score: Float, x: Float, y: Float, stride: Float
  ) -> Candidate {
    // SAFETY: the pointers are rows of 4 and 10 floats.
    let points = InlineArray<5, Point> { k in
      unsafe Point(x: (x + landmark[2 * k]) * stride, y: (y + landmark[2 * k + 1]) * stride)
    }
    return unsafe Candidate(
      centerX: (x + box[0]) * stride, centerY: (y + box[1]) * stride, width: exp(box[2]) * stride,
      height: exp(box[3]) * stride, score: score, classIndex: 0, landmarks: points)
  }

  private func mismatch(_ outputs: borrowing ModelOutputs, _ request: borrowing DecodeRequest) -> PipelineError {
    let counts = Self.strides.map { (request.inputWidth / $0) * (request.inputHeight / $0) }
    return shapeMismatch(
      head: .yunet,
      expected: "twelve outputs, for M = \(counts.map(String.init).joined(separator: ", ")) two 1xMx1, 1xMx4, 1xMx10",
      outputs, request)
  }
}
