/// Detections compared with the ground truth, picture by picture; from this every figure is computed for all pictures
/// or, as often as one likes, for a selection of them: matching is done once, and pictures do not influence each other.
package struct COCOMatches: Sendable {
  /// Average precision over all thresholds, at 0.50 and at 0.75; nil where there is no ground truth.
  struct Precision: Sendable, Hashable {
    var ap: Double?
    var ap50: Double?
    var ap75: Double?
  }

  let pictureCount: Int
  private let categories: [(category: COCODataset.Category, matches: CategoryMatches)]

  /// Detections of pictures and categories that the dataset does not have are left out.
  package init(_ dataset: COCODataset, _ predictions: [COCOPrediction]) {
    pictureCount = dataset.pictures.count
    let pictures = Dictionary(
      dataset.pictures.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
    let truths = Dictionary(grouping: dataset.annotations, by: \.categoryID)
    let found = Dictionary(grouping: predictions, by: \.categoryID)
    var matcher = PictureMatcher()
    categories = dataset.categories.map { category in
      let matches = CategoryMatches(
        truths: truths[category.id] ?? [], predictions: found[category.id] ?? [], pictures: pictures, &matcher)
      return (category, matches)
    }
  }

  /// Every figure.
  ///
  /// - Parameter weights: how often each picture counts, in the order of the dataset's pictures; nil for each once.
  package func evaluation(weights: [Int]? = nil) -> COCOEvaluation {
    let weights = checked(weights)
    return COCOEvaluation(
      categories.map { category, matches in (category, matches.result(weights: weights, scopes: COCOScope.allCases)) })
  }

  /// The figures that people compare models by: a fraction of the work of `evaluation`, for resampling.
  func precision(weights: [Int]? = nil) -> Precision {
    let weights = checked(weights)
    let results = categories.map { $0.matches.result(weights: weights, scopes: [.all]) }
    func mean(_ figure: COCOFigure) -> Double? { COCOEvaluation.mean(results.compactMap { $0.value(of: figure) }) }
    return Precision(ap: mean(.ap), ap50: mean(.ap50), ap75: mean(.ap75))
  }

  /// The weights for pictures drawn by their index below `pictureCount`, with repetition as in a bootstrap.
  func weights(drawing pictures: [Int]) -> [Int] {
    var weights = [Int](repeating: 0, count: pictureCount)
    for picture in pictures { weights[picture] += 1 }
    return weights
  }

  private func checked(_ weights: [Int]?) -> [Int] {
    guard let weights else { return [Int](repeating: 1, count: pictureCount) }
    precondition(weights.count == pictureCount, "one weight for each picture")
    return weights
  }
}

/// The verdicts on all detections of one category.
struct CategoryMatches: Sendable {
  private struct Row {
    var score: Double
    var picture: Int32
    /// Among the detections of the category in its picture, best first, from 0.
    var rank: Int32
    var right: SIMD4<UInt16>
    var wrong: SIMD4<UInt16>
  }

  /// How many objects of each range of areas a picture has.
  private struct Truth {
    var picture: Int
    var objects: SIMD4<Int>
  }

  /// Best score first; equal ones by picture, then by rank.
  private let rows: [Row]
  private let truths: [Truth]

  /// - Parameter pictures: the index of each picture by its id.
  init(
    truths annotations: [COCODataset.Annotation], predictions: [COCOPrediction], pictures: [Int: Int],
    _ matcher: inout PictureMatcher
  ) {
    let truthsByPicture = Dictionary(grouping: annotations) { pictures[$0.pictureID] }
    let foundByPicture = Dictionary(grouping: predictions) { pictures[$0.pictureID] }
    var rows: [Row] = []
    for (picture, found) in foundByPicture {
      guard let picture else { continue }
      // A stable order, as numpy's merge sort gives it.
      let best = found.enumerated().sorted {
        $0.element.score != $1.element.score ? $0.element.score > $1.element.score : $0.offset < $1.offset
      }.prefix(COCOEvaluation.detectionLimit).map(\.element)
      let verdicts = matcher.match(truths: truthsByPicture[picture] ?? [], detections: best.map(\.box))
      for (rank, (prediction, verdict)) in zip(best, verdicts).enumerated() {
        rows.append(
          Row(
            score: prediction.score, picture: Int32(picture), rank: Int32(rank), right: verdict.right,
            wrong: verdict.wrong))
      }
    }
    rows.sort {
      if $0.score != $1.score { return $0.score > $1.score }
      return $0.picture != $1.picture ? $0.picture < $1.picture : $0.rank < $1.rank
    }
    self.rows = rows
    truths = truthsByPicture.compactMap { picture, annotations in
      guard let picture else { return nil }
      var objects = SIMD4<Int>()
      for annotation in annotations where !annotation.isCrowd {
        for (area, range) in COCOScope.areas.enumerated() where range.contains(annotation.area) { objects[area] += 1 }
      }
      return Truth(picture: picture, objects: objects)
    }
  }

  func result(weights: [Int], scopes: [COCOScope]) -> CategoryResult {
    var result = CategoryResult()
    result.objects = truths.reduce(0) { $0 + $1.objects[0] }
    for scope in scopes {
      let objects = truths.reduce(0) { $0 + weights[$1.picture] * $1.objects[scope.area] }
      guard objects > 0 else { continue }
      for threshold in COCOEvaluation.thresholds.indices {
        let points = points(scope, threshold: threshold, weights)
        result.recall[scope.rawValue].append(Double(points.last?.right ?? 0) / Double(objects))
        guard scope.limit == COCOEvaluation.detectionLimit else { continue }
        let curve = Self.curve(points, objects: objects)
        result.precision[scope.rawValue].append(Self.mean(of: curve))
        if scope == .all { result.curves.append(curve) }
      }
    }
    return result
  }

  /// After each right detection, best score first: how many were right so far, and what share of all.
  private func points(_ scope: COCOScope, threshold: Int, _ weights: [Int]) -> [(right: Int, precision: Double)] {
    let bit = UInt16(1) << UInt16(threshold)
    let (area, limit) = (scope.area, Int32(scope.limit))
    var points: [(right: Int, precision: Double)] = []
    var right = 0, wrong = 0
    for row in rows where row.rank < limit {
      let weight = weights[Int(row.picture)]
      if weight == 0 { continue }
      if row.right[area] & bit != 0 {
        right += weight
        points.append((right, Double(right) / (Double(wrong + right) + .ulpOfOne)))
      } else if row.wrong[area] & bit != 0 {
        wrong += weight
      }
    }
    return points
  }

  private static func mean(of curve: [Double]) -> Double {
    var sum = 0.0, level = 0
    while level < curve.count {
      sum += curve[level]
      level += 1
    }
    return sum / Double(curve.count)
  }

  /// Precision at each recall level: the best that is reached at this recall or a higher one; 0 where it is not
  /// reached.
  ///
  /// Precision falls with each wrong detection, so the best values are found at right ones, and looking at these
  /// suffices.
  private static func curve(_ points: [(right: Int, precision: Double)], objects: Int) -> [Double] {
    // Plain loops over local values: a bootstrap comes here a million times.
    let levels = COCOEvaluation.recallLevels
    var curve = [Double](repeating: 0, count: levels.count)
    var best = 0.0
    var point = points.count - 1, level = levels.count - 1
    while level >= 0 {
      while point >= 0, Double(points[point].right) / Double(objects) >= levels[level] {
        if points[point].precision > best { best = points[point].precision }
        point -= 1
      }
      curve[level] = best
      level -= 1
    }
    return curve
  }
}
