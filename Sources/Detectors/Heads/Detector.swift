public import EdgepipeCore

/// How a detector chooses among what the model gives.
public struct DetectorOptions: Sendable, Hashable {
  /// Detections score more than this, in 0...1.
  public var score: Float
  /// Boxes of one class that overlap more than this (IoU) are one object.
  public var iou: Float
  /// The best ones stay.
  public var maxDetections: Int
  /// Indices of the wanted classes; nil for all.
  public var classes: [Int]?

  public init(score: Float = 0.3, iou: Float = 0.45, maxDetections: Int = 300, classes: [Int]? = nil) {
    self.score = score
    self.iou = iou
    self.maxDetections = maxDetections
    self.classes = classes
  }
}

/// A session, a head and suppression together: a prepared picture in, detections in source pixels out.
///
/// Used by one thread at a time. Its scratch memory grows to what the busiest frame needs and stays.
public final class Detector {
  private let session: any InferenceSession
  private let head: any Head
  private let name: String
  private let kind: ModelManifest.Head
  private let labels: [String]
  /// May be changed between two pictures.
  public var options: DetectorOptions {
    didSet { if options.classes != oldValue.classes { classes = Self.filter(labels, options) } }
  }
  private var classes: ClassFilter
  private var candidates = Candidates()
  private var suppression = Suppression()
  private var pictures = 0
  /// Of a picture whose boxes below the threshold are counted.
  private var weak = Candidates()
  private var leftOut: LeftOutByScore?
  /// Where set, candidates that score more than this are kept of each picture, beside its detections.
  package var candidateFloor: Float?
  private var doubtful: [Detection] = []

  /// - Throws: a ``PipelineError`` when the session's outputs do not fit the manifest.
  public init(session: any InferenceSession, manifest: ModelManifest, options: DetectorOptions) throws {
    self.session = session
    self.options = options
    head = try HeadFactory.make(manifest, outputs: session.outputs)
    (name, kind, labels) = (manifest.name, manifest.head, manifest.classes)
    classes = Self.filter(manifest.classes, options)
  }

  private static func filter(_ labels: [String], _ options: DetectorOptions) -> ClassFilter {
    ClassFilter(classCount: labels.count, wanted: options.classes)
  }

  /// Ends a ``detect(_:)`` that takes too long; nil where the engine cannot.
  package var stop: (any InferenceStop)? { session.stop }

  /// Nil where the model runs in one place only.
  package var placed: (any PlacedSession)? { session as? any PlacedSession }

  /// Boxes left out so far because the model gave NaN or an infinite number for them.
  public var nonFinite: Int { candidates.nonFinite }

  /// What the threshold left out of a picture that was looked at, once.
  package func takeLeftOut() -> LeftOutByScore? {
    defer { leftOut = nil }
    return leftOut
  }

  /// Everything of the last picture that scores more than ``candidateFloor``, best first, detections included.
  package func takeCandidates() -> [Detection] {
    defer { doubtful = [] }
    return doubtful
  }

  /// Finds objects in one picture: boxes in source pixels, clipped to the picture, best first.
  ///
  /// - Throws: a ``PipelineError`` when the model cannot run, or its outputs do not fit the manifest.
  public func detect(_ input: ModelInput) throws -> [Detection] {
    let geometry = input.geometry
    let request = DecodeRequest(
      inputWidth: geometry.inputWidth, inputHeight: geometry.inputHeight,
      threshold: min(options.score, candidateFloor ?? options.score), classes: classes)
    candidates.removeAll()
    let counts = options.score > LeftOutByScore.usualScore && pictures.isMultiple(of: LeftOutByScore.stride)
    pictures &+= 1
    weak.removeAll()
    try session.run(input.tensor) { (outputs: borrowing ModelOutputs) in
      try head.decode(outputs, request, into: &candidates)
      if counts {
        var lower = request
        lower.threshold = LeftOutByScore.usualScore
        try head.decode(outputs, lower, into: &weak)
      }
    }
    guard candidates.largestScore <= Candidates.scoreLimit else { throw noScore(candidates.largestScore) }
    suppression.run(
      candidates.list, classCount: labels.count, iou: head.needsSuppression ? options.iou : nil,
      maximum: candidateFloor == nil ? options.maxDetections : max(options.maxDetections, Self.candidateLimit))
    // Best first: what scores less never takes anything away from what scores more.
    let best = suppression.kept.prefix(options.maxDetections).prefix { candidates.list[Int($0)].score > options.score }
    var detections: [Detection] = []
    detections.reserveCapacity(best.count)
    for index in best {
      if let detection = detection(candidates.list[Int(index)], geometry) { detections.append(detection) }
    }
    if let candidateFloor { keepCandidates(above: candidateFloor, geometry) }
    if counts { countLeftOut() }
    return detections
  }

  /// Candidates kept of a picture, at most.
  private static let candidateLimit = 300

  private func keepCandidates(above floor: Float, _ geometry: LetterboxGeometry) {
    doubtful.removeAll(keepingCapacity: true)
    for index in suppression.kept.prefix(Self.candidateLimit) where candidates.list[Int(index)].score > floor {
      if let candidate = detection(candidates.list[Int(index)], geometry) { doubtful.append(candidate) }
    }
  }

  private func countLeftOut() {
    suppression.run(
      weak.list, classCount: labels.count, iou: head.needsSuppression ? options.iou : nil,
      maximum: options.maxDetections)
    let scores = suppression.kept.map { weak.list[Int($0)].score }
    leftOut = LeftOutByScore(scores: scores, threshold: options.score)
  }

  private func noScore(_ score: Float) -> PipelineError {
    PipelineError(
      "the model '\(name)' returned the score \(score), outside of 0...1: its outputs do not match the "
        + "\(kind.title) head",
      remedy: "check 'head' and 'form' in its manifest; models for poses, masks or oriented boxes, and scores without "
        + "a sigmoid, cause this error", code: .mismatch)
  }

  /// Nil when nothing of the box lies inside the picture.
  private func detection(_ candidate: Candidate, _ geometry: LetterboxGeometry) -> Detection? {
    let box = geometry.toSource(
      Box(
        x: candidate.x1, y: candidate.y1, width: candidate.x2 - candidate.x1, height: candidate.y2 - candidate.y1))
    guard box.width > 0, box.height > 0, box.isFinite else { return nil }
    let classIndex = Int(candidate.classIndex)
    let landmarks =
      head.hasLandmarks ? (0..<5).map { geometry.toSource(candidate.landmarks[$0]) } : []
    return Detection(
      label: labels[classIndex], classIndex: classIndex, score: candidate.score, box: box, landmarks: landmarks)
  }
}
