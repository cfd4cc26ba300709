import Foundation
import PipelineTestSupport
import Testing

@testable import Stages

@Suite struct TrackAssignmentTests {
  /// The least sum by trying every way.
  private func cheapest(_ costs: [[Double]], _ columns: Int) -> Double {
    func best(_ row: Int, _ used: Set<Int>, _ free: Int) -> Double {
      if row == costs.count { return 0 }
      var least = Double.infinity
      for column in 0..<columns where !used.contains(column) {
        least = min(least, costs[row][column] + best(row + 1, used.union([column]), free))
      }
      // More rows than columns: some rows stay without.
      if free > 0 { least = min(least, best(row + 1, used, free - 1)) }
      return least
    }
    return best(0, [], max(0, costs.count - columns))
  }

  @Test func `given small problems when solved then no other assignment is cheaper`() {
    var random = SinkFixture.Random(seed: 11)
    var assignment = Assignment()
    var columnOfRow: [Int] = []
    for round in 0..<300 {
      let rows = Int.random(in: 1...5, using: &random), columns = Int.random(in: 1...5, using: &random)
      // Every third one has many equal costs.
      let costs = (0..<rows).map { _ in
        (0..<columns).map { _ in
          round % 3 == 0 ? Double(Int.random(in: -2...1, using: &random)) : .random(in: -1...1, using: &random)
        }
      }
      assignment.solve(rows: rows, columns: columns, columnOfRow: &columnOfRow) { costs[$0][$1] }
      let used = columnOfRow.filter { $0 >= 0 }
      #expect(columnOfRow.count == rows && used.count == min(rows, columns) && Set(used).count == used.count)
      let sum = columnOfRow.enumerated().reduce(0) { $1.element < 0 ? $0 : $0 + costs[$1.offset][$1.element] }
      // Sums of at most five numbers below one: rounding stays far under 1e-9.
      #expect(abs(sum - cheapest(costs, columns)) < 1e-9)
    }
  }

  @Test func `given nothing on one side when solved then nothing is assigned`() {
    var assignment = Assignment()
    var columnOfRow = [7]
    assignment.solve(rows: 0, columns: 3, columnOfRow: &columnOfRow) { _, _ in 0 }
    #expect(columnOfRow.isEmpty)
    assignment.solve(rows: 2, columns: 0, columnOfRow: &columnOfRow) { _, _ in 0 }
    #expect(columnOfRow == [-1, -1])
  }

  private static let hasSciPy =
    TestData.python.flatMap { try? TestData.run($0, ["-c", "import scipy.optimize"]).status } == 0

  @Test(.enabled(if: hasSciPy, "needs SciPy in .deps/python (run scripts/setup)"))
  func `given larger problems when solved then the sum is SciPy's`() throws {
    let python = try #require(TestData.python)
    var random = SinkFixture.Random(seed: 12)
    var assignment = Assignment()
    for (rows, columns) in [(40, 40), (25, 60), (60, 25)] {
      let costs = (0..<rows).map { _ in (0..<columns).map { _ in Double.random(in: -1...1, using: &random) } }
      var columnOfRow: [Int] = []
      assignment.solve(rows: rows, columns: columns, columnOfRow: &columnOfRow) { costs[$0][$1] }
      let sum = columnOfRow.enumerated().reduce(0) { $1.element < 0 ? $0 : $0 + costs[$1.offset][$1.element] }
      let script = """
        import json,sys,numpy as np
        from scipy.optimize import linear_sum_assignment as solve
        c=np.array(json.loads(sys.argv[1])); print(repr(float(c[solve(c)].sum())))
        """
      let text = String(decoding: try JSONEncoder().encode(costs), as: UTF8.self)
      let result = try TestData.run(python, ["-c", script, text])
      let expected = try #require(
        Double(String(decoding: result.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)))
      // Sums of at most 60 numbers in another order.
      #expect(abs(sum - expected) < 1e-9)
    }
  }
}
