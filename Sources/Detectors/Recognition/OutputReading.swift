/// One way to read a single output of three dimensions. Its shape often fits several.
struct OutputReading: Sendable, Hashable {
  var head: ModelManifest.Head
  var form: ModelManifest.Form?
  /// Nil where the shape does not tell.
  var classCount: Int?

  /// For messages: `YOLOX with 80 classes`.
  var text: String {
    let name: String
    switch form {
    case .classesLast?: name = "\(head.title) with the classes last"
    case .distribution?: name = "raw \(head.title)"
    case .endToEnd?: name = "an end-to-end detector (\(head.rawValue), form endToEnd)"
    default: name = head.title
    }
    guard let classCount else { return name }
    return "\(name) for \(classCount) \(classCount == 1 ? "class" : "classes")"
  }

  /// How many cells, and so boxes, models of an input's size have.
  struct Cells {
    /// One box for each cell of strides 8, 16, 32.
    var usual: Int
    /// The same with a finer or a coarser stride as well.
    var free: Set<Int>
    /// Three boxes for each cell.
    var anchored: Set<Int>

    init?(height: Int?, width: Int?) {
      guard let height, let width else { return nil }
      func count(_ strides: [Int]) -> Int { cellCount(width: width, height: height, strides: strides) }
      let three = count([8, 16, 32]), coarser = count([8, 16, 32, 64]), finer = count([4, 8, 16, 32])
      usual = three
      free = [three, coarser, finer]
      anchored = [3 * three, 3 * coarser]
    }
  }

  /// Fewer rows are queries or the boxes that are left, and not cells.
  private static let leastCells = 1000

  /// Every reading that the shape allows.
  ///
  /// - Parameters:
  ///   - cells: of the input's size; nil where that is free.
  ///   - isLenient: also where the count of boxes is not that of the usual strides: something else says what it is.
  static func all(_ shape: [Int?], cells: Cells?, isLenient: Bool) -> [OutputReading] {
    let shape = shape.isEmpty ? [nil, nil, nil] : shape
    guard shape.count == 3, shape[0] ?? 1 == 1 else { return [] }
    let rows = shape[1], columns = shape[2]
    func isFree(_ count: Int?) -> Bool {
      guard let count, !isLenient else { return true }
      return cells.map { $0.free.contains(count) } ?? (count > leastCells)
    }
    func isAnchored(_ count: Int?) -> Bool {
      guard let count, !isLenient else { return true }
      return cells.map { $0.anchored.contains(count) } ?? (count > leastCells && count % 3 == 0)
    }
    var found: [OutputReading] = []
    if let rows, rows >= 5, isFree(columns), cells != nil && !isLenient || rows < columns ?? .max {
      found.append(OutputReading(head: .yolov8, form: .plain, classCount: rows - 4))
      if rows >= 65, columns == nil || cells == nil || columns == cells?.usual {
        found.append(OutputReading(head: .yolov8, form: .distribution, classCount: rows - 64))
      }
    }
    guard let columns else {
      guard rows == nil else { return found }
      let unknown: [OutputReading] = [
        OutputReading(head: .yolov8), OutputReading(head: .yolov5), OutputReading(head: .yolox, form: .raw),
        OutputReading(head: .yolox, form: .decoded),
      ]
      return found + unknown
    }
    let isPlainer = cells != nil || columns < rows ?? .max
    // An export that leaves the count of boxes free does not mean the few hundred of a transformer.
    if isLenient, let rows, rows <= leastCells, columns != 6 { return found }
    if columns == 6, isLenient || rows.map({ $0 > 6 && $0 <= leastCells && cells?.free.contains($0) != true }) ?? true {
      found.append(OutputReading(head: .yolov8, form: .endToEnd))
    }
    if columns >= 5, isPlainer, isFree(rows) {
      found.append(OutputReading(head: .yolov8, form: .classesLast, classCount: columns - 4))
    }
    guard columns >= 6, isPlainer else { return found }
    if isLenient || rows == nil || cells.map({ rows == $0.usual }) ?? isFree(rows) {
      found.append(OutputReading(head: .yolox, form: .raw, classCount: columns - 5))
      found.append(OutputReading(head: .yolox, form: .decoded, classCount: columns - 5))
    }
    if isAnchored(rows) { found.append(OutputReading(head: .yolov5, classCount: columns - 5)) }
    return found
  }

  /// Whether the last convolutions are those of this reading: true, too, where nothing is known of them.
  func fits(_ evidence: OutputEvidence) -> Bool {
    let channels = evidence.channels
    if head == .yolox {
      if evidence.hasExponential { return form == .decoded }
      if form == .decoded, !channels.isEmpty { return false }
    }
    guard let classCount, !channels.isEmpty else { return true }
    switch (head, form) {
    case (.yolox, _): return channels.isSuperset(of: [1, 4, classCount])
    case (.yolov5, _): return (1...9).contains { channels.contains($0 * (5 + classCount)) }
    case (_, .distribution?): return channels.isSuperset(of: [64, classCount]) && !evidence.hasSoftmax
    case (_, .endToEnd?): return true
    default: return channels.contains(classCount)
    }
  }
}
