import EdgepipeCore

/// Turns a model's raw outputs into candidates: boxes above the score threshold, before suppression.
///
/// Heads are values without state; scratch memory belongs to the caller. Outputs are recognised by their shapes, so
/// that a model whose outputs were renamed still works.
public protocol Head: Sendable {
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
  public var hasLandmarks: Bool { false }
  public var needsSuppression: Bool { true }
}

/// What a head is asked to find.
public struct DecodeRequest: Sendable {
  /// In pixels.
  public var inputWidth: Int
  /// In pixels.
  public var inputHeight: Int
  /// Scores must be greater; at least 0.
  public var threshold: Float
  public var classes: ClassFilter

  public init(inputWidth: Int, inputHeight: Int, threshold: Float, classes: ClassFilter) {
    self.inputWidth = inputWidth
    self.inputHeight = inputHeight
    self.threshold = max(0, threshold)
    self.classes = classes
  }
}

/// The classes that are wanted, as indices of the model's list.
public struct ClassFilter: Sendable, Hashable {
  /// Ascending, without duplicates.
  public let indices: [Int]
  public let classCount: Int
  private let wanted: [Bool]

  /// - Parameter wanted: nil for every class; indices outside `0..<classCount` are ignored.
  public init(classCount: Int, wanted: [Int]? = nil) {
    let count = max(0, classCount)
    var mask = [Bool](repeating: wanted == nil, count: count)
    for index in wanted ?? [] where mask.indices.contains(index) { mask[index] = true }
    self.classCount = count
    self.wanted = mask
    indices = mask.indices.filter { mask[$0] }
  }

  public func contains(_ index: Int) -> Bool { wanted.indices.contains(index) && wanted[index] }
}

/// One box in pixels of the model's input, as a head found it. Plain memory: nothing is allocated per box.
public struct Candidate: Sendable {
  public var x1: Float
  public var y1: Float
  public var x2: Float
  public var y2: Float
  public var score: Float
  public var classIndex: Int32
  /// Meaningful only when the head has landmarks.
  public var landmarks: InlineArray<5, Point>

  public static let noLandmarks = InlineArray<5, Point>(repeating: Point(x: 0, y: 0))

  public init(
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

  public init(
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
public struct Candidates: Sendable {
  public private(set) var list: [Candidate] = []
  /// Boxes left out because the model gave NaN or an infinite number for them, since this value was made.
  public private(set) var nonFinite = 0
  /// The largest score since the list was emptied, before it was cut to 1.
  private(set) var largestScore: Float = 0

  public init() {}

  /// Integers and half precision may miss 1 by a step. What lies farther beyond is no score.
  static let scoreLimit: Float = 1.02

  public mutating func removeAll() {
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
