import EdgepipeCore

/// What both sides find in the same frames.
package struct Findings: Sendable {
  package let agreement: Agreement
  /// Nil without ground truth.
  package let accuracy: PairedAccuracy?

  /// Detections score more than this where precision is read over all scores, as is usual for COCO.
  package static let leastScore = 0.001

  /// The ground truth of the pictures, and what errors call it.
  package struct Truth {
    let dataset: COCODataset
    let file: String

    package init(_ dataset: COCODataset, file: String) { (self.dataset, self.file) = (dataset, file) }
  }

  /// Where both runs reported all that their pipelines report.
  ///
  /// - Throws: ``PipelineError`` (`invalidArgument`) when the two did not see the same pictures.
  package init(_ found: Both<RecordedFrames>) throws {
    try Self.checkSources(found)
    agreement = Agreement(found)
    accuracy = nil
  }

  /// Where both runs reported all above ``leastScore``. Agreement is about what each side reports when it is used.
  ///
  /// - Parameters:
  ///   - scores: for each stage of a side, what a score must exceed when it is used.
  ///   - classes: all that the two may find.
  /// - Throws: ``PipelineError``, and `CancellationError` once `isStopped` is true.
  package init(
    _ found: Both<RecordedFrames>, truth: Truth, scores: Both<[String: Double]>, classes: Set<String>,
    isStopped: () -> Bool
  ) throws {
    try Self.checkSources(found)
    agreement = Agreement(Both(a: found.a.above(scores: scores.a), b: found.b.above(scores: scores.b)))
    accuracy = try PairedAccuracy(
      found, classes: classes, dataset: truth.dataset, file: truth.file, isStopped: isStopped)
  }

  private static func checkSources(_ found: Both<RecordedFrames>) throws {
    guard found.a.sources != found.b.sources else { return }
    let different = found.a.sources.symmetricDifference(found.b.sources).sorted()
    throw PipelineError(
      "A and B did not process the same frames: only one of them has '\(different.first ?? "")'",
      remedy: "give both the same --source", code: .invalidArgument)
  }
}
