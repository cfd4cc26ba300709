import Testing

@testable import EdgepipeCompression
@testable import Measure

@Suite("Accuracy at several degrees of pruning")
struct PruningCurveTests {
  @Test("given degrees of pruning, when tried, then the model as it was comes first and each has its own time")
  func rows() throws {
    let whole = CompressionRunFixture.candidate, cost = ModelCost(multiplications: 10, parameters: 10, nonzero: 5)
    var clock = 0.0, evaluated = 0
    let curve = try PruningCurve(
      whole,
      seconds: {
        clock += 1
        return clock
      },
      prune: { ratio in
        clock += ratio * 100
        return Pruner.Result(model: whole.model, before: cost, after: cost, refitted: 1, saved: ratio)
      },
      accuracy: { _ in
        evaluated += 1
        // An evaluation takes long, and is not part of the time of pruning.
        clock += 1000
        return (ap: 1 / Double(evaluated), ap50: 0.5)
      })
    #expect(curve.rows.map(\.ratio) == [0] + PruningCurve.ratios)
    let precisions: [Double] = curve.rows.map(\.accuracy.ap), expected: [Double] = (1...5).map { 1 / Double($0) }
    #expect(precisions == expected)
    let seconds = curve.rows.map { $0.seconds.rounded() }
    #expect(seconds == [1, 11, 21, 31, 51])
    let drawing = curve.drawing(title: "m", method: .unstructured)
    #expect(drawing.costName == "weights")
    #expect(drawing.points.compactMap(\.accuracy) == precisions)
  }
}
