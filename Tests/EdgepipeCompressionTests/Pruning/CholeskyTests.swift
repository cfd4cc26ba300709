import Testing

@testable import EdgepipeCompression

@Suite("Cholesky decomposition")
struct CholeskyTests {
  private static func hilbert(_ order: Int, plus ridge: Double = 0) -> [Double] {
    (0..<order * order).map { place in
      let row = place / order, column = place % order
      return 1 / Double(row + column + 1) + (row == column ? ridge : 0)
    }
  }

  private func isClose(_ values: [Double], _ expected: [Double], _ tolerance: Double) -> Bool {
    values.count == expected.count && zip(values, expected).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
  }

  @Test("given a well-conditioned matrix, when solved and inverted, then numpy.linalg gives the same")
  func wellConditioned() throws {
    let factor = try #require(Cholesky([4, 12, -16, 12, 37, -43, -16, -43, 98], order: 3))
    // numpy.linalg.solve(A, [1, 2, 3]) and numpy.linalg.inv(A); the condition number is about 4,000.
    #expect(isClose(factor.solve([1, 2, 3]), [28.583333333333393, -7.666666666666683, 1.3333333333333357], 1e-11))
    #expect(
      isClose(
        factor.inverse(),
        [
          49.361111111111185, -13.555555555555573, 2.111111111111115, -13.555555555555575, 3.7777777777777826,
          -0.5555555555555567, 2.1111111111111143, -0.5555555555555564, 0.1111111111111113,
        ], 1e-11))
  }

  @Test("given only the lower triangle, when taken apart, then what stands above the diagonal is not looked at")
  func lowerTriangle() throws {
    let whole = try #require(Cholesky([4, 12, 12, 37], order: 2))
    let half = try #require(Cholesky([4, .nan, 12, 37], order: 2))
    #expect(whole.solve([1, 1]) == half.solve([1, 1]))
  }

  @Test("given an ill-conditioned matrix, when solved, then numpy.linalg.solve gives the same digits")
  func illConditioned() throws {
    // The Hilbert matrix of order 8 with 1e-6 on its diagonal: condition number 1.7e6, so that ten digits are left.
    let factor = try #require(Cholesky(Self.hilbert(8, plus: 1e-6), order: 8))
    let expected = [
      -1.114493367680326, 49.39128003721369, -356.2677180347138, 635.8496259766289, 228.77073687903012,
      -719.6095874570268, -774.20520628588, 975.9510528251069,
    ]
    #expect(isClose(factor.solve(Array(repeating: 1, count: 8)), expected, 1e-8))
  }

  @Test(
    "given a matrix that is not positive definite, when taken apart, then there is no result",
    arguments: [
      [1, 2, 2, 4], [1, 2, 2, 1], [0, 0, 0, 0], [.nan, 0, 0, 1], [.infinity, 0, 0, 1], [-1, 0, 0, 1], [1, 0, 0],
    ] as [[Double]])
  func notPositiveDefinite(matrix: [Double]) {
    #expect(Cholesky(matrix, order: 2) == nil)
  }

  @Test("given a matrix that is singular to double precision, when taken apart, then there is no result")
  func numericallySingular() {
    // The Hilbert matrix of order 16 has the condition number 2e18; numpy.linalg.cholesky refuses it as well.
    #expect(Cholesky(Self.hilbert(16), order: 16) == nil)
  }

  @Test("given nothing, when solved, then nothing comes out")
  func empty() throws {
    let factor = try #require(Cholesky([], order: 0))
    #expect(factor.solve([]).isEmpty)
  }
}
