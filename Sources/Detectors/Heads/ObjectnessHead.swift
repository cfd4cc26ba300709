/// Rows that are decoded inside the model, 1 x N x (5 + classes): centre and size in input pixels, objectness, and a score
/// for each class. YOLOv5 and YOLOv7 as their exporters write them (with three boxes for each cell), and YOLOX exported
/// with `--decode_in_inference`.
///
/// The score of class c is objectness times the class's. Early YOLOv5 exports give their undecoded maps as well: the
/// output of three dimensions is read.
struct ObjectnessHead: Head {
  let classCount: Int
  private let head: ModelManifest.Head

  init(_ head: ModelManifest.Head, classCount: Int) {
    self.head = head
    self.classCount = classCount
  }

  func decode(
    _ outputs: borrowing ModelOutputs, _ request: borrowing DecodeRequest, into found: inout Candidates
  ) throws {
    let width = 5 + classCount
    guard let index = outputs.outputs.firstIndex(where: { $0.shape.count == 3 }),
      case let count = outputs.outputs[index].shape[1],
      var row = unsafe outputs.outputs[index].elements([1, count, width])
    else { throw shapeMismatch(head: head, expected: "1xNx\(width)", outputs, request) }
    let threshold = request.threshold, classes = request.classes
    // SAFETY: the output holds `count` rows of `width` floats, as checked above; class indices are below `classCount`.
    for _ in 0..<count {
      // Objectness alone decides most rows: a class score is at most 1.
      if unsafe !(row[4] <= threshold) { unsafe decode(row, threshold, classes, &found) }
      unsafe row += width
    }
  }

  private func decode(
    _ row: UnsafePointer<Float>, _ threshold: Float, _ classes: ClassFilter, _ found: inout Candidates
  ) {
    // SAFETY: `row` points at 5 + classCount floats.
    let objectness = unsafe row[4]
    guard objectness.isFinite else { return found.countNonFinite() }
    for index in classes.indices {
      let score = unsafe objectness * row[5 + index]
      if score <= threshold { continue }
      unsafe found.add(
        Candidate(
          centerX: row[0], centerY: row[1], width: row[2], height: row[3], score: score, classIndex: index))
    }
  }
}
