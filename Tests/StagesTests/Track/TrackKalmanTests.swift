import Testing

@testable import EdgepipeCore
@testable import Stages

/// The seven-dimensional filter of the paper, written out with matrices: slow, and obviously the textbook's.
private struct MatrixFilter {
  typealias Matrix = [[Double]]
  var x: [Double]
  var p: Matrix

  init(_ z: [Double]) {
    x = z + [0, 0, 0]
    p = Self.diagonal([10, 10, 10, 10, 10_000, 10_000, 10_000])
  }

  mutating func predict(_ t: Double) {
    if x[2] + x[6] * t <= 0 { x[6] = 0 }
    var f = Self.diagonal([1, 1, 1, 1, 1, 1, 1])
    for i in 0..<3 { f[i][i + 4] = t }
    x = Self.times(f, x.map { [$0] }).map { $0[0] }
    p = Self.times(Self.times(f, p), Self.transposed(f))
    for (i, q) in [1, 1, 1, 1, 0.01, 0.01, 0.0001].enumerated() { p[i][i] += q * t }
  }

  mutating func update(_ z: [Double]) {
    var h = Matrix(repeating: [Double](repeating: 0, count: 7), count: 4)
    for i in 0..<4 { h[i][i] = 1 }
    var s = Self.times(Self.times(h, p), Self.transposed(h))
    for (i, r) in [1.0, 1, 10, 10].enumerated() { s[i][i] += r }
    let k = Self.times(Self.times(p, Self.transposed(h)), Self.inverse(s))
    let residual = (0..<4).map { [z[$0] - x[$0]] }
    let correction = Self.times(k, residual)
    for i in 0..<7 { x[i] += correction[i][0] }
    let kh = Self.times(k, h)
    var rest = Self.diagonal([1, 1, 1, 1, 1, 1, 1])
    for i in 0..<7 { for j in 0..<7 { rest[i][j] -= kh[i][j] } }
    p = Self.times(rest, p)
  }

  static func diagonal(_ values: [Double]) -> Matrix {
    values.indices.map { i in values.indices.map { $0 == i ? values[i] : 0 } }
  }
  static func transposed(_ a: Matrix) -> Matrix { a[0].indices.map { j in a.map { $0[j] } } }
  static func times(_ a: Matrix, _ b: Matrix) -> Matrix {
    a.map { row in b[0].indices.map { j in row.indices.reduce(0) { $0 + row[$1] * b[$1][j] } } }
  }
  /// Gauss and Jordan without pivoting: innovation covariances are positive definite.
  static func inverse(_ a: Matrix) -> Matrix {
    var left = a, right = diagonal(a.map { _ in 1 })
    for i in left.indices {
      let pivot = left[i][i]
      for j in left.indices { left[i][j] /= pivot; right[i][j] /= pivot }
      for r in left.indices where r != i {
        let factor = left[r][i]
        for j in left.indices { left[r][j] -= factor * left[i][j]; right[r][j] -= factor * right[i][j] }
      }
    }
    return right
  }
}

@Suite struct TrackKalmanTests {
  @Test func `given boxes and uneven steps when filtered then the result is that of the paper's matrices`() {
    var random = SinkFixture.Random(seed: 3)
    var box = Box(x: 100, y: 50, width: 40, height: 90)
    var filter = BoxKalmanFilter(box)
    func measured(_ box: Box) -> [Double] {
      [
        Double(box.x + box.width / 2), Double(box.y + box.height / 2), Double(box.width * box.height),
        Double(box.width / box.height),
      ]
    }
    var reference = MatrixFilter(measured(box))
    for step in 0..<200 {
      let t = [0.5, 1, 1, 1, 2, 7][Int.random(in: 0..<6, using: &random)]
      filter.predict(steps: t)
      reference.predict(t)
      if step % 5 != 4 {
        box.x += 3 * Float(t) + Float(random.normal())
        box.y += Float(random.normal())
        box.width = max(2, box.width + Float(random.normal()))
        box.height = max(2, box.height + Float(random.normal()))
        filter.update(box)
        reference.update(measured(box))
      }
      let w = (reference.x[2] * reference.x[3]).squareRoot()
      // The filter hands out 32-bit boxes: 1e-3 pixels is about four steps of a Float near 2000.
      #expect(abs(Double(filter.box.width) - w) < 1e-3)
      #expect(abs(Double(filter.box.height) - reference.x[2] / w) < 1e-3)
      #expect(abs(Double(filter.box.x) + w / 2 - reference.x[0]) < 1e-3)
      #expect(abs(filter.velocity.x - reference.x[4]) < 1e-6 && abs(filter.velocity.y - reference.x[5]) < 1e-6)
    }
  }

  @Test func `given a box at constant speed when it is seen then its speed is learned and carried on`() {
    var filter = BoxKalmanFilter(Box(x: 0, y: 0, width: 50, height: 100))
    for index in 1...30 {
      filter.predict(steps: 1)
      filter.update(Box(x: Float(4 * index), y: Float(-2 * index), width: 50, height: 100))
    }
    filter.predict(steps: 10)
    // Exact measurements of a motion that the model knows: what is left is the start's guess of standing still.
    #expect(abs(filter.box.x - 160) < 0.5 && abs(filter.box.y + 80) < 0.5)
  }

  @Test func `given a shrinking box when it is predicted far ahead then its sides stay positive`() {
    var filter = BoxKalmanFilter(Box(x: 0, y: 0, width: 50, height: 50))
    for side in [40, 30, 20, 10, 0] {
      filter.predict(steps: 1)
      filter.update(Box(x: 0, y: 0, width: Float(side), height: Float(side)))
    }
    for _ in 0..<50 {
      filter.predict(steps: 5)
      #expect(filter.box.isFinite && filter.box.width > 0 && filter.box.height > 0)
    }
  }
}
