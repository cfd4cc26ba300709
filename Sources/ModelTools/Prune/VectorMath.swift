/// The inner loops of linear algebra here, in a form that compiles to vector instructions.
enum VectorMath {
  /// `target[start + i] += factor * source[offset + i]` for `count` places.
  @inline(__always)
  static func addScaled(
    _ target: inout [Double], at start: Int, _ factor: Double, _ source: [Double], from offset: Int, count: Int
  ) {
    guard count > 0 else { return }
    precondition(start >= 0 && offset >= 0 && start + count <= target.count && offset + count <= source.count)
    unsafe target.withUnsafeMutableBufferPointer { target in
      unsafe source.withUnsafeBufferPointer { source in
        // SAFETY: both ranges were checked above.
        for i in 0..<count { unsafe target[start + i] += factor * source[offset + i] }
      }
    }
  }

  /// The same with four rows of `source`, which follow each other `stride` apart: the target is read and written once.
  @inline(__always)
  static func addFourScaled(
    _ target: inout [Double], at start: Int, _ factors: (Double, Double, Double, Double), _ source: [Double],
    from offset: Int, stride: Int, count: Int
  ) {
    guard count > 0 else { return }
    precondition(
      start >= 0 && offset >= 0 && stride >= count && start + count <= target.count
        && offset + 3 * stride + count <= source.count)
    unsafe target.withUnsafeMutableBufferPointer { target in
      unsafe source.withUnsafeBufferPointer { source in
        for i in 0..<count {
          // SAFETY: both ranges were checked above.
          unsafe target[start + i] +=
            factors.0 * source[offset + i] + factors.1 * source[offset + stride + i]
            + factors.2 * source[offset + 2 * stride + i] + factors.3 * source[offset + 3 * stride + i]
        }
      }
    }
  }

  /// The sum of products of `count` places.
  @inline(__always)
  static func dot(_ a: [Double], at start: Int, _ b: [Double], from offset: Int, count: Int) -> Double {
    guard count > 0 else { return 0 }
    precondition(start >= 0 && offset >= 0 && start + count <= a.count && offset + count <= b.count)
    return unsafe a.withUnsafeBufferPointer { a in
      unsafe b.withUnsafeBufferPointer { b in
        // Four partial sums: one would wait for itself. The order is fixed, and with it the result.
        var sums = SIMD4<Double>.zero
        let whole = count & ~3
        var i = 0
        while i < whole {
          // SAFETY: both ranges were checked above.
          let x = unsafe SIMD4(a[start + i], a[start + i + 1], a[start + i + 2], a[start + i + 3])
          let y = unsafe SIMD4(b[offset + i], b[offset + i + 1], b[offset + i + 2], b[offset + i + 3])
          sums += x * y
          i += 4
        }
        var sum = sums.sum()
        while i < count {
          // SAFETY: as above.
          unsafe sum += a[start + i] * b[offset + i]
          i += 1
        }
        return sum
      }
    }
  }
}
