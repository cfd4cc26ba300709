import EdgepipeCore
import Foundation

/// CenterFace: at a quarter of the input's size a heat map 1 x 1 x h x w (sigmoid done), then log size 1 x 2 x h x w,
/// offset 1 x 2 x h x w and landmarks 1 x 10 x h x w. Size comes before offset in the order of the outputs.
///
/// At cell (row, col): height = 4 exp(size0), width = 4 exp(size1), centre = 4 (col + offset1 + 0.5, row + offset0 +
/// 0.5), landmark k = (x1 + width l(2k + 1), y1 + height l(2k)).
struct CenterFaceHead: Head {
  var hasLandmarks: Bool { true }
  static let stride = 4

  init() {}

  func decode(
    _ outputs: borrowing ModelOutputs, _ request: borrowing DecodeRequest, into found: inout Candidates
  ) throws {
    let columns = request.inputWidth / Self.stride, rows = request.inputHeight / Self.stride
    func all(_ channels: Int) -> [ModelOutputs.Output] {
      outputs.outputs.filter { $0.shape == [1, channels, rows, columns] }
    }
    let pairs = all(2)
    guard outputs.outputs.count == 4, pairs.count == 2,
      let heat = unsafe all(1).first?.elements([1, 1, rows, columns]),
      let size = unsafe pairs[0].elements([1, 2, rows, columns]),
      let offset = unsafe pairs[1].elements([1, 2, rows, columns]),
      let landmark = unsafe all(10).first?.elements([1, 10, rows, columns])
    else {
      throw shapeMismatch(
        head: .centerface, expected: "maps of 1, 2, 2 and 10 channels of \(rows)x\(columns)", outputs, request)
    }
    guard request.classes.contains(0) else { return }
    let plane = rows * columns
    // SAFETY: `cell` is below `plane`; the maps hold 1, 2, 2 and 10 planes of that many floats.
    for cell in 0..<plane {
      let score = unsafe heat[cell]
      if score <= request.threshold { continue }
      let height = unsafe 4 * exp(size[cell]), width = unsafe 4 * exp(size[plane + cell])
      let centerY = unsafe 4 * (Float(cell / columns) + offset[cell] + 0.5)
      let centerX = unsafe 4 * (Float(cell % columns) + offset[plane + cell] + 0.5)
      let x1 = centerX - width / 2, y1 = centerY - height / 2
      let points = InlineArray<5, Point> { k in
        unsafe Point(
          x: x1 + width * landmark[(2 * k + 1) * plane + cell], y: y1 + height * landmark[2 * k * plane + cell])
      }
      found.add(
        Candidate(
          x1: x1, y1: y1, x2: x1 + width, y2: y1 + height, score: score, classIndex: 0, landmarks: points))
    }
  }
}
