package import EdgepipeCompression

/// What pruning costs in accuracy: a model as it was and at several degrees of pruning, each evaluated.
package struct PruningCurve {
  /// The degrees that are tried.
  static let ratios = [0.1, 0.2, 0.3, 0.5]

  package struct Row {
    /// 0 for the model as it was.
    package var ratio: Double
    package var cost: ModelCost
    package var accuracy: (ap: Double, ap50: Double)
    /// Of pruning and refitting; of the analysis of the layers that all share for the model as it was.
    package var seconds: Double

    init(ratio: Double, cost: ModelCost, accuracy: (ap: Double, ap50: Double), seconds: Double) {
      (self.ratio, self.cost, self.accuracy, self.seconds) = (ratio, cost, accuracy, seconds)
    }
  }

  package let rows: [Row]

  init(rows: [Row]) { self.rows = rows }

  /// - Parameters:
  ///   - whole: the model as it was.
  ///   - seconds: the time since the analysis of the layers began.
  ///   - prune: takes out a share.
  ///   - accuracy: evaluates a model.
  package init(
    _ whole: CompressionCandidate, seconds: () -> Double, prune: (Double) throws -> Pruner.Result,
    accuracy: (CompressionCandidate) throws -> (ap: Double, ap50: Double)
  ) throws {
    let analysis = seconds(), before = try accuracy(whole)
    var rows: [Row] = []
    for ratio in Self.ratios {
      let start = seconds()
      let result = try prune(ratio)
      let duration = seconds() - start
      if rows.isEmpty { rows.append(Row(ratio: 0, cost: result.before, accuracy: before, seconds: analysis)) }
      let accuracy = try accuracy(CompressionCandidate(model: result.model, manifest: whole.manifest))
      rows.append(Row(ratio: ratio, cost: result.after, accuracy: accuracy, seconds: duration))
    }
    self.rows = rows
  }

  /// - Parameter method: says what is counted: multiplications, or weights that are not zero.
  package func drawing(title: String, method: PruningMethod) -> AccuracyCurve {
    AccuracyCurve(
      title: title, costName: method == .structured ? "multiplications" : "weights",
      points: rows.map {
        .init(
          ratio: $0.ratio, cost: method == .structured ? $0.cost.multiplications : Double($0.cost.nonzero),
          accuracy: $0.accuracy.ap)
      })
  }
}
