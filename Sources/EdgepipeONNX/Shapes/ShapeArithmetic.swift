/// Short integer tensors that hold shapes: exports compute reshape targets with them.
extension NodeCall {
  /// The result when this node computes with shapes, else nil.
  func shapeArithmetic() throws(SizeIsFixed) -> TensorFacts? {
    switch node.opType {
    case "Shape":
      guard node.attribute("start") == nil, node.attribute("end") == nil else { return nil }
      return vector(try shape(0))
    case "Cast", "Identity", "Floor":
      guard let facts = inputs.first ?? nil, facts.values != nil else { return nil }
      return facts
    case "Unsqueeze", "Squeeze":
      // A scalar and a vector of one hold the same value.
      guard let facts = inputs.first ?? nil, let values = facts.values, values.count == 1 else { return nil }
      return TensorFacts(shape: try squeeze(), values: values)
    case "Gather":
      guard let values = try self.values(0), let places = try self.values(1), node.integer("axis", default: 0) == 0
      else {
        return nil
      }
      var result: [Dimension] = []
      for place in places {
        guard !place.follows else { return nil }
        result.append(values[try axis(place.size, rank: values.count)])
      }
      return TensorFacts(shape: try shape(1), values: result)
    case "Concat":
      var result: [Dimension] = []
      for index in inputs.indices {
        guard let values = try self.values(index), try shape(index).count == 1 else { return nil }
        result += values
      }
      return result.count <= 64 ? vector(result) : nil
    case "Slice":
      guard let values = try self.values(0), try shape(0).count == 1 else { return nil }
      guard let start = try numbers(1, attribute: "starts"), let end = try numbers(2, attribute: "ends"),
        start.count == 1, end.count == 1, (try numbers(4, attribute: "steps") ?? [1]) == [1]
      else { return nil }
      func place(_ value: Int) -> Int { min(max(value < 0 ? value &+ values.count : value, 0), values.count) }
      let (from, to) = (place(start[0]), place(end[0]))
      return vector(from < to ? Array(values[from..<to]) : [])
    case "Add", "Sub", "Mul", "Div":
      return try arithmetic()
    default: return nil
    }
  }

  private func arithmetic() throws(SizeIsFixed) -> TensorFacts? {
    guard let a = try values(0), let b = try values(1), a.count == b.count || a.count == 1 || b.count == 1 else {
      return nil
    }
    var result: [Dimension] = []
    for index in 0..<max(a.count, b.count) {
      let x = a[a.count == 1 ? 0 : index], y = b[b.count == 1 ? 0 : index]
      let value: (partialValue: Int, overflow: Bool) =
        switch node.opType {
        case "Add": x.size.addingReportingOverflow(y.size)
        case "Sub": x.size.subtractingReportingOverflow(y.size)
        case "Mul": x.size.multipliedReportingOverflow(by: y.size)
        default: x.size.dividedReportingOverflow(by: y.size)
        }
      guard !value.overflow else { throw SizeIsFixed("\(node.label) overflows") }
      result.append(Dimension(value.partialValue, follows: x.follows || y.follows))
    }
    return TensorFacts(shape: try a.count >= b.count ? shape(0) : shape(1), values: result)
  }

  private func values(_ index: Int) throws(SizeIsFixed) -> [Dimension]? {
    index < inputs.count ? inputs[index]?.values : nil
  }

  private func vector(_ values: [Dimension]) -> TensorFacts {
    TensorFacts(shape: [Dimension(values.count)], values: values)
  }
}
