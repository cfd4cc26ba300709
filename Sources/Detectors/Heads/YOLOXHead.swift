import Foundation

/// YOLOX: one output 1 x N x (5 + classes), N over strides 8, 16, 32, row-major per stride.
///
/// For cell (gx, gy) of stride s: centre = (o0 + gx, o1 + gy) s, size = (exp o2, exp o3) s, and the score of class c is
/// o4 * o(5 + c), both already sigmoids. Every class above the threshold gives a candidate (Megvii's own evaluation).
struct YOLOXHead: Head {
  let classCount: Int
  static let strides = [8, 16, 32]

  init(classCount: Int) { self.classCount = classCount }

  func decode(
    _ outputs: borrowing ModelOutputs, _ request: borrowing DecodeRequest, into found: inout Candidates
  ) throws {
    let row = 5 + classCount
    let cells = cellCount(width: request.inputWidth, height: request.inputHeight, strides: Self.strides)
    guard outputs.outputs.count == 1, var cell = unsafe outputs.outputs[0].elements([1, cells, row]) else {
      throw shapeMismatch(head: .yolox, expected: "one output 1x\(cells)x\(row)", outputs, request)
    }
    let threshold = request.threshold
    let classes = request.classes
    // SAFETY: the output holds `cells` rows of `row` floats, as checked above, and the loops visit each row once;
    // class indices are below `classCount`.
    for stride in Self.strides {
      for y in 0..<(request.inputHeight / stride) {
        for x in 0..<(request.inputWidth / stride) {
          // Objectness alone decides most cells: a class score is at most 1.
          if unsafe !(cell[4] <= threshold) {
            unsafe decode(cell, x: x, y: y, stride: stride, threshold, classes, &found)
          }
          unsafe cell += row
        }
      }
    }
  }

  private func decode(
    _ cell: UnsafePointer<Float>, x: Int, y: Int, stride: Int, _ threshold: Float, _ classes: ClassFilter,
    _ found: inout Candidates
  ) {
    // SAFETY: `cell` points at 5 + classCount floats.
    let objectness = unsafe cell[4]
    guard objectness.isFinite else { return found.countNonFinite() }
    let s = Float(stride)
    let centerX = unsafe (cell[0] + Float(x)) * s, centerY = unsafe (cell[1] + Float(y)) * s
    var width: Float = -1, height: Float = -1
    for index in classes.indices {
      let score = unsafe objectness * cell[5 + index]
      if score <= threshold { continue }
      if width < 0 {
        width = unsafe exp(cell[2]) * s
        height = unsafe exp(cell[3]) * s
      }
      found.add(
        Candidate(centerX: centerX, centerY: centerY, width: width, height: height, score: score, classIndex: index))
    }
  }
}
