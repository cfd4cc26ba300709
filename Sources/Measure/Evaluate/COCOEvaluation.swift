/// How well detections agree with annotations, by the rules of COCO's detection challenge.
///
/// Lin et al., "Microsoft COCO: Common Objects in Context", 2014; the details are those of pycocotools 2.0, with whose
/// figures these agree.
package struct COCOEvaluation: Sendable {
  /// IoU thresholds: 0.50, 0.55 ... 0.95 (`numpy.linspace`, to the last bit).
  static let thresholds: [Double] = {
    let step = (0.95 - 0.5) / 9
    return (0..<9).map { 0.5 + Double($0) * step } + [0.95]
  }()
  /// Recall levels at which precision is read: 0, 0.01 ... 1.
  static let recallLevels: [Double] = (0...100).map { Double($0) * 0.01 }
  /// More detections of a category in one picture do not count.
  static let detectionLimit = 100

  package struct Category: Sendable {
    package let id: Int
    package let name: String
    /// Objects to find, without crowds.
    package let objects: Int
    package let figures: COCOFigures
  }

  /// The mean over the categories that have objects.
  package let overall: COCOFigures
  /// By rising id.
  package let categories: [Category]
  /// Precision at each recall level, for each IoU threshold, as the mean over the categories that have objects; [10 x
  /// 101], or empty where no category has.
  let precision: [[Double]]

  init(_ results: [(category: COCODataset.Category, result: CategoryResult)]) {
    categories = results.map { category, result in
      var figures = COCOFigures()
      for figure in COCOFigure.allCases { figures[figure] = result.value(of: figure) }
      return Category(id: category.id, name: category.name, objects: result.objects, figures: figures)
    }
    var overall = COCOFigures()
    for figure in COCOFigure.allCases { overall[figure] = Self.mean(categories.compactMap { $0.figures[figure] }) }
    self.overall = overall
    let curves = results.map(\.result.curves).filter { !$0.isEmpty }
    precision =
      curves.isEmpty
      ? []
      : Self.thresholds.indices.map { threshold in
        Self.recallLevels.indices.map { level in curves.reduce(0) { $0 + $1[threshold][level] } / Double(curves.count) }
      }
  }

  static func mean(_ values: some Collection<Double>) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}

/// What came of one category in every scope.
struct CategoryResult {
  /// Not weighted.
  var objects = 0
  /// For each scope the recall that all detections reach, for each threshold; empty without ground truth.
  var recall = [[Double]](repeating: [], count: COCOScope.allCases.count)
  /// For each scope the average precision for each threshold; empty without ground truth, and for scopes of fewer
  /// detections, of which no precision is asked.
  var precision = [[Double]](repeating: [], count: COCOScope.allCases.count)
  /// [threshold x recall level] in the scope `all`; empty without ground truth.
  var curves: [[Double]] = []

  func value(of figure: COCOFigure) -> Double? {
    let values = (figure.isRecall ? recall : precision)[figure.scope.rawValue]
    guard let threshold = figure.threshold else { return COCOEvaluation.mean(values) }
    return values.isEmpty ? nil : values[threshold]
  }
}
