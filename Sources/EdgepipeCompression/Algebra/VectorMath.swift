/// The inner loops of linear algebra here, in a form that compiles to vector instructions.
///
/// Plain pointers and counted loops: in a debug build, buffers' checks, ranges and SIMD types cost ten times as much.
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
        guard let target = target.baseAddress, let source = source.baseAddress else { return }
        // SAFETY: both ranges were checked above.
        let x = unsafe target + start, y = unsafe source + offset
        var i = 0
        while i < count {
          unsafe x[i] += factor * y[i]
          i &+= 1
        }
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
        guard let target = target.baseAddress, let source = source.baseAddress else { return }
        // SAFETY: both ranges were checked above.
        let x = unsafe target + start, y = unsafe source + offset
        let second = unsafe y + stride, third = unsafe second + stride, fourth = unsafe third + stride
        var i = 0
        while i < count {
          unsafe x[i] += factors.0 * y[i] + factors.1 * second[i] + factors.2 * third[i] + factors.3 * fourth[i]
          i &+= 1
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
        guard let a = a.baseAddress, let b = b.baseAddress else { return 0 }
        // SAFETY: both ranges were checked above, here and below.
        let x = unsafe a + start, y = unsafe b + offset
        // Four partial sums: one would wait for itself. The order is fixed, and with it the result.
        var sums = (0.0, 0.0, 0.0, 0.0)
        let whole = count & ~3
        var i = 0
        while i < whole {
          unsafe sums.0 += x[i] * y[i]
          unsafe sums.1 += x[i &+ 1] * y[i &+ 1]
          unsafe sums.2 += x[i &+ 2] * y[i &+ 2]
          unsafe sums.3 += x[i &+ 3] * y[i &+ 3]
          i &+= 4
        }
        var sum = sums.0 + sums.1 + sums.2 + sums.3
        while i < count {
          unsafe sum += x[i] * y[i]
          i &+= 1
        }
        return sum
      }
    }
  }
}
