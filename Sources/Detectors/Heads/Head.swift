import EdgepipeCore

/// Turns a model's raw outputs into candidates: boxes above the score threshold, before suppression.
///
/// Heads are values without state; scratch memory belongs to the caller. Outputs are recognised by their shapes, so
/// that a model whose outputs were renamed still works.
protocol Head: Sendable {
  /// True when candidates carry five landmarks.
  var hasLandmarks: Bool { get }
  /// False when the model itself has already removed duplicates.
  var needsSuppression: Bool { get }

  /// Adds every (box, class) with `score > request.threshold` to `found`.
  ///
  /// - Throws: a ``PipelineError`` (exit code 65) when the outputs do not fit the class count or the input size.
  func decode(
    _ outputs: borrowing ModelOutputs, _ request: borrowing DecodeRequest, into found: inout Candidates) throws
}

extension Head {
  var hasLandmarks: Bool { false }
  var needsSuppression: Bool { true }
}

/// What a head is asked to find.
struct DecodeRequest: Sendable {
  /// In pixels.
  var inputWidth: Int
  /// In pixels.
  var inputHeight: Int
  /// Scores must be greater; at least 0.
  var threshold: Float
  var classes: ClassFilter

  init(inputWidth: Int, inputHeight: Int, threshold: Float, classes: ClassFilter) {
    self.inputWidth = inputWidth
    self.inputHeight = inputHeight
    self.threshold = max(0, threshold)
    self.classes = classes
  }
}

/// The classes that are wanted, as indices of the model's list.
struct ClassFilter: Sendable, Hashable {
  /// Ascending, without duplicates.
  let indices: [Int]
  let classCount: Int
  private let wanted: [Bool]

  /// - Parameter wanted: nil for every class; indices outside `0..<classCount` are ignored.
  init(classCount: Int, wanted: [Int]? = nil) {
    let count = max(0, classCount)
    var mask = [Bool](repeating: wanted == nil, count: count)
    for index in wanted ?? [] where mask.indices.contains(index) { mask[index] = true }
    self.classCount = count
    self.wanted = mask
    indices = mask.indices.filter { mask[$0] }
  }

  func contains(_ index: Int) -> Bool { wanted.indices.contains(index) && wanted[index] }
}

/// One box in pixels of the model's input, as a head found it. Plain memory: nothing is allocated per box.
struct Candidate: Sendable {
  var x1: Float
  var y1: Float
  var x2: Float
  var y2: Float
  var score: Float
  var classIndex: Int32
  /// Meaningful only when the head has landmarks.
  var landmarks: InlineArray<5, Point>

  static let noLandmarks = InlineArray<5, Point>(repeating: Point(x: 0, y: 0))

  init(
    x1: Float, y1: Float, x2: Float, y2: Float, score: Float, classIndex: Int,
    landmarks: InlineArray<5, Point> = Candidate.noLandmarks
  ) {
    self.x1 = x1
    self.y1 = y1
    self.x2 = x2
    self.y2 = y2
    self.score = score
    self.classIndex = Int32(truncatingIfNeeded: classIndex)
    self.landmarks = landmarks
  }

  init(
    centerX: Float, centerY: Float, width: Float, height: Float, score: Float, classIndex: Int,
    landmarks: InlineArray<5, Point> = Candidate.noLandmarks
  ) {
    self.init(
      x1: centerX - width / 2, y1: centerY - height / 2, x2: centerX + width / 2, y2: centerY + height / 2,
      score: score, classIndex: classIndex, landmarks: landmarks)
  }

  var isFinite: Bool {
    // One sum is enough: any NaN or infinity makes it NaN or infinite, and no honest coordinate overflows it.
    var sum = x1 + y1 + x2 + y2 + score
    for index in 0..<5 { sum += landmarks[index].x + landmarks[index].y }
    return sum.isFinite
  }
}

/// A list of candidates whose memory is used again for every frame.
struct Candidates: Sendable {
  private(set) var list: [Candidate] = []
  /// Boxes left out because the model gave NaN or an infinite number for them, since this value was made.
  private(set) var nonFinite = 0
  /// The largest score since the list was emptied, before it was cut to 1.
  private(set) var largestScore: Float = 0

  init() {}

  /// Integers and half precision may miss 1 by a step. What lies farther beyond is no score.
  static let scoreLimit: Float = 1.02

  mutating func removeAll() {
    list.removeAll(keepingCapacity: true)
    largestScore = 0
  }

  @inline(__always) mutating func add(_ candidate: Candidate) {
    guard candidate.isFinite else {
      nonFinite += 1
      return
    }
    list.append(candidate)
    if candidate.score > 1 { cutScore() }
  }

  private mutating func cutScore() {
    let last = list.count - 1
    largestScore = max(largestScore, list[last].score)
    list[last].score = 1
  }

  mutating func countNonFinite() { nonFinite += 1 }
}
