/// One dimension of a tensor when the picture's size is left open: its size at the file's own input size, and
/// whether it follows the picture's.
package struct Dimension: Equatable {
  package var size: Int
  var follows: Bool

  package init(_ size: Int, follows: Bool = false) {
    self.size = size
    self.follows = follows
  }
}

/// What is known of a tensor: its shape, and for short integer tensors that hold shapes, the values.
struct TensorFacts {
  var shape: [Dimension]
  var values: [Dimension]?
  /// For short constant float tensors: the factors of a Resize.
  var factors: [Float]?

  init(shape: [Dimension], values: [Dimension]? = nil, factors: [Float]? = nil) {
    self.shape = shape
    self.values = values
    self.factors = factors
  }

  /// True when any size, or any value of a shape tensor, follows the picture's size.
  var follows: Bool { shape.contains(where: \.follows) || values?.contains(where: \.follows) == true }
}

/// Why a graph works at one picture size only.
package struct SizeIsFixed: Error {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}

/// The product of sizes; refuses what no tensor can hold, so that arithmetic on a file's numbers cannot overflow.
func elementCount(_ dimensions: [Dimension]) throws(SizeIsFixed) -> Int {
  var count = 1
  for dimension in dimensions {
    let (product, overflow) = count.multipliedReportingOverflow(by: dimension.size)
    guard !overflow, product >= 0, product <= 1 << 40 else {
      throw SizeIsFixed("it holds a tensor of impossible size")
    }
    count = product
  }
  return count
}

/// The shape of two tensors combined element by element. A constant grid that meets a dimension which follows the
/// picture (anchor tables, for example) is what ties most exports to one size.
func broadcast(_ a: [Dimension], _ b: [Dimension], at node: String) throws(SizeIsFixed) -> [Dimension] {
  var result: [Dimension] = []
  for index in 0..<max(a.count, b.count) {
    let x = a.count > index ? a[a.count - 1 - index] : Dimension(1)
    let y = b.count > index ? b[b.count - 1 - index] : Dimension(1)
    if !y.follows, y.size == 1 {
      result.append(x)
    } else if !x.follows, x.size == 1 {
      result.append(y)
    } else if x == y {
      result.append(x)
    } else {
      let fixed = x.follows ? y : x
      throw SizeIsFixed("\(node) combines the picture with a table of fixed size \(fixed.size)")
    }
  }
  return result.reversed()
}
