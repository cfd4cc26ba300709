/// A symmetric, positive definite matrix A taken apart into L L', for solving A x = b and for inverting A.
///
/// The Cholesky-Banachiewicz algorithm (G. H. Golub, C. F. Van Loan, "Matrix Computations", 4.2).
struct Cholesky {
  let order: Int
  /// L, row-major; above the diagonal are zeros.
  private let lower: [Double]

  /// Nil where the matrix is not positive definite to the precision of the arithmetic: where a pivot is not above
  /// `order` roundings of its diagonal element, the rest is noise.
  ///
  /// - Parameter matrix: row-major, `order` x `order`; only the lower triangle is read.
  init?(_ matrix: [Double], order: Int) {
    guard order >= 0, matrix.count == order * order else { return nil }
    var lower = [Double](repeating: 0, count: order * order)
    for row in 0..<order {
      let place = row * order
      for column in 0...row {
        let sum =
          matrix[place + column]
          - VectorMath.dot(lower, at: place, lower, from: column * order, count: column)
        if row != column {
          lower[place + column] = sum / lower[column * order + column]
        } else {
          guard sum.isFinite, sum > Double(order) * Double.ulpOfOne * matrix[place + row] else { return nil }
          lower[place + row] = sum.squareRoot()
        }
      }
    }
    self.order = order
    self.lower = lower
  }

  /// L', row-major.
  var transposed: [Double] {
    var upper = lower
    for row in 0..<order {
      for column in 0..<row { upper.swapAt(row * order + column, column * order + row) }
    }
    return upper
  }

  /// x with A x = `right`, which has ``order`` values.
  func solve(_ right: [Double]) -> [Double] {
    precondition(right.count == order)
    var x = right
    for row in 0..<order {
      x[row] = (x[row] - VectorMath.dot(lower, at: row * order, x, from: 0, count: row)) / lower[row * order + row]
    }
    for row in (0..<order).reversed() {
      // By columns of L', so that memory is read in order.
      x[row] /= lower[row * order + row]
      VectorMath.addScaled(&x, at: 0, -x[row], lower, from: row * order, count: row)
    }
    return x
  }

  /// The inverse of A, row-major.
  func inverse() -> [Double] {
    var inverse: [Double] = []
    inverse.reserveCapacity(order * order)
    var unit = [Double](repeating: 0, count: order)
    for column in 0..<order {
      unit[column] = 1
      // Column by column is row by row: the inverse is symmetric.
      inverse += solve(unit)
      unit[column] = 0
    }
    return inverse
  }
}
