/// Operators that rearrange, cut or join.
extension NodeCall {
  func concatenation() throws(SizeIsFixed) -> [Dimension] {
    var result = try shape(0)
    let axis = try axis(node.integer("axis", default: 1), rank: result.count)
    for index in inputs.indices.dropFirst() {
      let next = try shape(index)
      guard next.count == result.count else { throw SizeIsFixed("\(node.label) joins tensors of different rank") }
      for other in result.indices where other != axis && next[other] != result[other] {
        throw SizeIsFixed("\(node.label) joins the picture with a table of fixed size")
      }
      let (sum, overflow) = result[axis].size.addingReportingOverflow(next[axis].size)
      guard !overflow else { throw SizeIsFixed("it holds a tensor of impossible size") }
      result[axis] = Dimension(sum, follows: result[axis].follows || next[axis].follows)
    }
    return result
  }

  func transposition() throws(SizeIsFixed) -> [Dimension] {
    let input = try shape(0)
    let order = node.integers("perm") ?? Array(input.indices.reversed())
    guard order.sorted() == Array(input.indices) else { throw SizeIsFixed("\(node.label) has the order \(order)") }
    return order.map { input[$0] }
  }

  func flatten() throws(SizeIsFixed) -> [Dimension] {
    let input = try shape(0)
    let value = node.integer("axis", default: 1)
    let axis = value == input.count ? value : try axis(value, rank: input.count)
    func merged(_ part: ArraySlice<Dimension>) throws(SizeIsFixed) -> Dimension {
      Dimension(try elementCount(Array(part)), follows: part.contains(where: \.follows))
    }
    return [try merged(input[..<axis]), try merged(input[axis...])]
  }

  func reshape() throws(SizeIsFixed) -> [Dimension] {
    let input = try shape(0)
    let old = node.integers("shape")?.map { Dimension($0) }
    guard let target = old ?? (inputs.count > 1 ? inputs[1]?.values : nil) else {
      throw SizeIsFixed("\(node.label) reshapes to a computed shape")
    }
    let copiesZero = node.integer("allowzero", default: 0) == 0
    var output: [Dimension] = []
    var rest: Int?
    for (index, dimension) in target.enumerated() {
      if dimension.size == -1, !dimension.follows, rest == nil {
        rest = index
        output.append(Dimension(1))
      } else if dimension.size == 0, copiesZero {
        guard index < input.count else { throw SizeIsFixed("\(node.label) copies a dimension that does not exist") }
        output.append(input[index])
      } else if dimension.size >= 0 {
        output.append(dimension)
      } else {
        throw SizeIsFixed("\(node.label) has the target \(target.map(\.size))")
      }
    }
    // What follows the picture and what does not must each come out as they went in; the free dimension, if there is
    // one, takes the rest of both. Else some number in the target holds the picture's size.
    let followsIn = try elementCount(input.filter(\.follows)), followsOut = try elementCount(output.filter(\.follows))
    let fixedIn = try elementCount(input.filter { !$0.follows }),
      fixedOut = try elementCount(output.filter { !$0.follows })
    guard followsOut > 0, fixedOut > 0, followsIn % followsOut == 0, fixedIn % fixedOut == 0,
      rest != nil || (followsIn == followsOut && fixedIn == fixedOut)
    else { throw SizeIsFixed("\(node.label) reshapes to the fixed shape \(target.map(\.size))") }
    if let rest {
      let follows = followsIn != followsOut
      output[rest] = Dimension(followsIn / followsOut * (fixedIn / fixedOut), follows: follows)
    }
    return output
  }

  func slice() throws(SizeIsFixed) -> [Dimension] {
    var result = try shape(0)
    guard let starts = try numbers(1, attribute: "starts"), let ends = try numbers(2, attribute: "ends") else {
      throw SizeIsFixed("\(node.label) lacks its range")
    }
    let axes = try numbers(3, attribute: "axes") ?? Array(starts.indices)
    let steps = try numbers(4, attribute: "steps") ?? starts.map { _ in 1 }
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count else {
      throw SizeIsFixed("\(node.label) has ranges of different lengths")
    }
    for index in starts.indices {
      let axis = try axis(axes[index], rank: result.count)
      let dimension = result[axis], step = steps[index]
      guard (1...4096).contains(step) else { throw SizeIsFixed("\(node.label) steps by \(step)") }
      func place(_ value: Int) -> Int { min(max(value < 0 ? value &+ dimension.size : value, 0), dimension.size) }
      let length = max(0, (place(ends[index]) - place(starts[index]) + step - 1) / step)
      // From the front to the very end, or to so many before the end, follows the picture. From the end itself, or up
      // to a number, does not: such a number is usually a part of the picture's size.
      let toTheEnd = ends[index] < 0 || ends[index] >= Int(Int32.max)
      if dimension.follows {
        guard toTheEnd, starts[index] >= 0 else {
          throw SizeIsFixed("\(node.label) cuts the picture at the fixed position \(ends[index])")
        }
      }
      result[axis] = Dimension(length, follows: dimension.follows)
    }
    return result
  }

  func split() throws(SizeIsFixed) -> [TensorFacts] {
    let input = try shape(0)
    let axis = try axis(node.integer("axis", default: 0), rank: input.count)
    guard !input[axis].follows else { throw SizeIsFixed("\(node.label) splits along the picture") }
    let count = max(1, node.output.count)
    let parts: [Int]
    if let given = try numbers(1, attribute: "split") {
      parts = given
    } else {
      let part = (input[axis].size + count - 1) / count
      parts = (0..<count).map { min(part, input[axis].size - min(input[axis].size, $0 * part)) }
    }
    return parts.map { part in
      var shape = input
      shape[axis] = Dimension(part)
      return TensorFacts(shape: shape)
    }
  }

  func squeeze() throws(SizeIsFixed) -> [Dimension] {
    var result = try shape(0)
    let given = try numbers(1, attribute: "axes")
    if node.opType == "Unsqueeze" {
      guard let given else { throw SizeIsFixed("\(node.label) lacks its axes") }
      let rank = result.count + given.count
      var axes: [Int] = []
      for value in given { axes.append(try axis(value, rank: rank)) }
      for axis in axes.sorted() {
        guard axis <= result.count else { throw SizeIsFixed("\(node.label) has the axes \(given)") }
        result.insert(Dimension(1), at: axis)
      }
      return result
    }
    var axes: [Int] = []
    for value in given ?? result.indices.filter({ result[$0] == Dimension(1) }) {
      axes.append(try axis(value, rank: result.count))
    }
    for axis in Set(axes).sorted(by: >) {
      guard result[axis] == Dimension(1) else { throw SizeIsFixed("\(node.label) removes the dimension \(axis)") }
      result.remove(at: axis)
    }
    return result
  }
}
