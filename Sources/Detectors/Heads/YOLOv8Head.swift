import EdgepipeCore
import Foundation

/// YOLOv8 and YOLO11 exports, in the forms that exist:
///
/// - plain, 1 x (4 + classes) x N: centre and size in input pixels, class scores final;
/// - classes last, 1 x N x (4 + classes): the same, transposed;
/// - raw, 1 x (64 + classes) x N over strides 8, 16, 32: for each side (left, top, right, bottom) 16 logits whose
///   softmax-weighted mean of 0...15, times the stride, is the distance from the cell's centre; scores are logits;
/// - end to end, 1 x M x 6: x1, y1, x2, y2, score, class, with no suppression left to do.
struct YOLOv8Head: Head {
  let classCount: Int
  /// Nil for a model that declares no shape: each output then tells its form.
  let form: ModelManifest.Form?
  static let strides = [8, 16, 32]
  static let bins = 16

  var needsSuppression: Bool { form != .endToEnd }

  init(classCount: Int, form: ModelManifest.Form?) {
    self.classCount = classCount
    self.form = form
  }

  /// The form that an output's shape stands for, or nil when it is none of them or not known.
  static func form(of shape: [Int?], classCount: Int) -> ModelManifest.Form? {
    let forms: [ModelManifest.Form] = [.plain, .distribution, .endToEnd, .classesLast]
    guard shape.count == 3, shape[1] != nil || shape[2] != nil else { return nil }
    // Two classes last have six columns as well, and no model leaves a thousand boxes after suppression.
    if classCount == 2, shape[2] == 6, let rows = shape[1], rows > 1000 { return .classesLast }
    return forms.first { form in
      let size = form == .plain || form == .distribution ? shape[1] : shape[2]
      return size != nil && fits(shape, form, classCount: classCount)
    }
  }

  /// Whether an output of this form can have the shape; nil is any size.
  static func fits(_ shape: [Int?], _ form: ModelManifest.Form, classCount: Int) -> Bool {
    if shape.isEmpty { return true }
    guard shape.count == 3, shape[0] ?? 1 == 1 else { return false }
    func agrees(_ axis: Int, _ size: Int) -> Bool { shape[axis] ?? size == size }
    return switch form {
    case .plain: agrees(1, 4 + classCount)
    case .classesLast: agrees(2, 4 + classCount)
    case .distribution: agrees(1, 4 * bins + classCount)
    case .endToEnd: agrees(2, 6)
    case .raw, .decoded: false
    }
  }

  func decode(
    _ outputs: borrowing ModelOutputs, _ request: borrowing DecodeRequest, into found: inout Candidates
  ) throws {
    guard outputs.outputs.count == 1, outputs.outputs[0].shape.count == 3 else {
      throw shapeMismatch(head: .yolov8, expected: "one output of three dimensions", outputs, request)
    }
    let shape = outputs.outputs[0].shape
    switch form ?? Self.form(of: shape, classCount: classCount) {
    case .plain?:
      let count = shape[2]
      guard let values = unsafe outputs.outputs[0].elements([1, 4 + classCount, count]) else {
        throw shapeMismatch(head: .yolov8, expected: "1x\(4 + classCount)xN", outputs, request)
      }
      unsafe decodePlain(values, count: count, request, &found)
    case .classesLast?:
      let count = shape[1]
      guard let values = unsafe outputs.outputs[0].elements([1, count, 4 + classCount]) else {
        throw shapeMismatch(head: .yolov8, expected: "1xNx\(4 + classCount)", outputs, request)
      }
      unsafe decodeRows(values, count: count, request, &found)
    case .distribution?:
      let count = cellCount(width: request.inputWidth, height: request.inputHeight, strides: Self.strides)
      let channels = 4 * Self.bins + classCount
      guard let values = unsafe outputs.outputs[0].elements([1, channels, count]) else {
        throw shapeMismatch(head: .yolov8, expected: "1x\(channels)x\(count)", outputs, request)
      }
      unsafe decodeDistribution(values, count: count, request, &found)
    case .endToEnd?:
      let count = shape[1]
      guard let values = unsafe outputs.outputs[0].elements([1, count, 6]) else {
        throw shapeMismatch(head: .yolov8, expected: "1xMx6", outputs, request)
      }
      try unsafe decodeEndToEnd(values, count: count, request, &found)
    case .raw?, .decoded?, nil:
      throw shapeMismatch(
        head: .yolov8, expected: "1x\(4 + classCount)xN or 1xNx\(4 + classCount)", outputs, request)
    }
  }

  // SAFETY (the four below): `values` holds exactly the elements of the shape checked above, and every index is
  // channel x count + anchor, or row x columns + column, within it.

  private func decodePlain(
    _ values: UnsafePointer<Float>, count: Int, _ request: borrowing DecodeRequest, _ found: inout Candidates
  ) {
    for classIndex in request.classes.indices {
      let scores = unsafe values + (4 + classIndex) * count
      var anchor = 0
      while let hit = unsafe Self.next(scores, from: anchor, to: count, above: request.threshold) {
        unsafe found.add(
          Candidate(
            centerX: values[hit], centerY: values[count + hit], width: values[2 * count + hit],
            height: values[3 * count + hit], score: scores[hit], classIndex: classIndex))
        anchor = hit + 1
      }
    }
  }

  private func decodeRows(
    _ values: UnsafePointer<Float>, count: Int, _ request: borrowing DecodeRequest, _ found: inout Candidates
  ) {
    let width = 4 + classCount
    let isWhole = request.classes.indices.count == classCount
    for row in 0..<count {
      let box = unsafe values + row * width
      let scores = unsafe box + 4
      if isWhole {
        var index = 0
        while let hit = unsafe Self.next(scores, from: index, to: classCount, above: request.threshold) {
          unsafe found.add(row: box, score: scores[hit], classIndex: hit)
          index = hit + 1
        }
      } else {
        for index in request.classes.indices where unsafe !(scores[index] <= request.threshold) {
          unsafe found.add(row: box, score: scores[index], classIndex: index)
        }
      }
    }
  }

  private func decodeDistribution(
    _ values: UnsafePointer<Float>, count: Int, _ request: borrowing DecodeRequest, _ found: inout Candidates
  ) {
    let bound = logitBound(request.threshold)
    for classIndex in request.classes.indices {
      let logits = unsafe values + (4 * Self.bins + classIndex) * count
      var anchor = 0
      while let hit = unsafe Self.next(logits, from: anchor, to: count, above: bound) {
        anchor = hit + 1
        let score = unsafe logits[hit].isFinite ? sigmoid(logits[hit]) : .nan
        if score <= request.threshold { continue }
        let cell = Self.cell(hit, width: request.inputWidth, height: request.inputHeight)
        let left = unsafe Self.distance(values + hit, count: count, side: 0) * cell.stride
        let top = unsafe Self.distance(values + hit, count: count, side: 1) * cell.stride
        let right = unsafe Self.distance(values + hit, count: count, side: 2) * cell.stride
        let bottom = unsafe Self.distance(values + hit, count: count, side: 3) * cell.stride
        found.add(
          Candidate(
            x1: cell.x - left, y1: cell.y - top, x2: cell.x + right, y2: cell.y + bottom, score: score,
            classIndex: classIndex))
      }
    }
  }

  private func decodeEndToEnd(
    _ values: UnsafePointer<Float>, count: Int, _ request: borrowing DecodeRequest, _ found: inout Candidates
  ) throws {
    for row in 0..<count {
      let box = unsafe values + row * 6
      if unsafe box[4] <= request.threshold { continue }
      guard let classIndex = unsafe Int(exactly: box[5]) else {
        found.countNonFinite()
        continue
      }
      guard (0..<classCount).contains(classIndex) else {
        throw PipelineError(
          "the model reports class \(classIndex) with score \(unsafe box[4]), but only \(classCount) classes are known",
          remedy: classIndex < 0
            ? "its rows are not x1, y1, x2, y2, score, class" : "complete 'classes' in the model's manifest",
          code: .mismatch)
      }
      guard request.classes.contains(classIndex) else { continue }
      unsafe found.add(
        Candidate(x1: box[0], y1: box[1], x2: box[2], y2: box[3], score: box[4], classIndex: classIndex))
    }
  }

  /// The first index in `from..<to` whose value is not `<= bound` (NaN counts, so that it can be reported).
  @inline(__always) private static func next(
    _ values: UnsafePointer<Float>, from: Int, to: Int, above bound: Float
  ) -> Int? {
    var index = from
    let limit = SIMD8<Float>(repeating: bound)
    // SAFETY: eight floats from `index` lie below `to`, the length of `values`.
    while index + 8 <= to {
      let block = unsafe UnsafeRawPointer(values + index).loadUnaligned(as: SIMD8<Float>.self)
      if !all(block .<= limit) { break }
      index += 8
    }
    while index < to {
      if unsafe !(values[index] <= bound) { return index }
      index += 1
    }
    return nil
  }

  /// The softmax-weighted mean of 0...15 over one side's logits of an anchor.
  private static func distance(_ anchor: UnsafePointer<Float>, count: Int, side: Int) -> Float {
    var largest = -Float.infinity
    // SAFETY: channels side x 16 ..< side x 16 + 16 exist for every anchor.
    for bin in 0..<bins { largest = unsafe max(largest, anchor[(side * bins + bin) * count]) }
    var sum: Float = 0, weighted: Float = 0
    for bin in 0..<bins {
      let weight = unsafe exp(anchor[(side * bins + bin) * count] - largest)
      sum += weight
      weighted += weight * Float(bin)
    }
    return weighted / sum
  }

  /// The centre in input pixels, and the stride, of an anchor counted over all strides.
  private static func cell(_ index: Int, width: Int, height: Int) -> (x: Float, y: Float, stride: Float) {
    var rest = index
    for stride in strides {
      let columns = width / stride, cells = columns * (height / stride)
      if rest < cells {
        let s = Float(stride)
        return ((Float(rest % columns) + 0.5) * s, (Float(rest / columns) + 0.5) * s, s)
      }
      rest -= cells
    }
    return (.nan, .nan, .nan)
  }
}

extension Candidates {
  /// A row that begins with centre and size.
  @inline(__always) fileprivate mutating func add(row: UnsafePointer<Float>, score: Float, classIndex: Int) {
    // SAFETY: the caller's row holds four floats and more.
    unsafe add(
      Candidate(centerX: row[0], centerY: row[1], width: row[2], height: row[3], score: score, classIndex: classIndex))
  }
}
