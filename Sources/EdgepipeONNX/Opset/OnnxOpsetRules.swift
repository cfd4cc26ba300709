/// What has changed in the standard operators between the sets 6 and 13, after the change log of ONNX
/// (docs/Changelog.md there). Operators that only took more types, or more forms of shapes, stay as they are.
extension OnnxOpsetUpgrade {
  /// Adds the form of `node` in set 13 to the graph that is worked on.
  mutating func raise(_ node: Onnx_NodeProto) throws {
    switch node.opType {
    case "Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less": try raiseBroadcast(node)
    case "PRelu": try raisePRelu(node)
    case "Gemm": emit(node.without("broadcast"))
    case "BatchNormalization": try raiseNormalization(node)
    case "Dropout": try raiseDropout(node)
    case "Upsample", "Resize": try raiseResize(node)
    case "Slice" where from < 10: raiseSlice(node)
    case "TopK" where from < 10: raiseToInput(node, "k", at: 1) { [$0.integer("k", default: 1)] }
    case "Clip" where from < 11: try raiseClip(node)
    case "Pad" where from < 11: try raisePad(node)
    case "Scatter" where from < 11:
      var node = node
      node.opType = "ScatterElements"
      emit(node)
    case "Softmax", "LogSoftmax", "Hardmax": raiseSoftmax(node)
    case "Squeeze", "Unsqueeze", "ReduceSum": raiseToInput(node, "axes", at: 1) { $0.integers("axes") }
    case "Split": raiseToInput(node, "split", at: 1) { $0.integers("split") }
    case "Scan" where from < 9: throw refused(node, "scanned batches before set 9")
    case "RNN", "GRU",
      "LSTM" where from < 7:
      throw refused(node, "had another form before set 7")
    case "MeanVarianceNormalization" where from < 9: throw refused(node, "had another form before set 9")
    default: emit(node)
    }
  }

  /// An attribute that became an input.
  private mutating func raiseToInput(
    _ node: Onnx_NodeProto, _ attribute: String, at index: Int, values: (Onnx_NodeProto) -> [Int]?
  ) {
    var node = node
    if let values = values(node) {
      node.setInput(index, constant(values, for: node, attribute))
      node = node.without(attribute)
    }
    emit(node)
  }

  // MARK: - Set 7: shapes meet as in NumPy, from the last dimension on

  private mutating func raiseBroadcast(_ node: Onnx_NodeProto) throws {
    guard from < 7 else { return emit(node) }
    var raised = node.without("broadcast", "axis")
    // Without an axis the second shape was the end of the first one, as it is now.
    if node.integer("broadcast", default: 0) != 0, node.attribute("axis") != nil, node.input.count == 2 {
      guard let rank = values.rank(of: node.input[0]), let other = values.rank(of: node.input[1]) else {
        throw refused(node, "broadcasts along an axis of a shape that is not known")
      }
      let axis = node.integer("axis", default: 0)
      let missing = rank - (axis < 0 ? axis + rank : axis) - other
      guard missing >= 0, missing <= rank else { throw refused(node, "broadcasts along an axis that does not exist") }
      if missing > 0 { raised.input[1] = unsqueezed(node.input[1], axes: other..<other + missing, for: node) }
    }
    emit(raised)
  }

  private mutating func raisePRelu(_ node: Onnx_NodeProto) throws {
    // One slope for each channel, whatever follows the channels.
    guard from < 7, node.input.count == 2, values.weight(node.input[1])?.dims != [1] else { return emit(node) }
    guard let rank = values.rank(of: node.input[0]), values.rank(of: node.input[1]) == 1 else {
      throw refused(node, "has slopes for channels of a shape that is not known")
    }
    var node = node
    if rank > 2 { node.input[1] = unsqueezed(node.input[1], axes: 1..<rank - 1, for: node) }
    emit(node)
  }

  /// The value with dimensions of one at these places.
  private mutating func unsqueezed(_ value: String, axes: Range<Int>, for node: Onnx_NodeProto) -> String {
    var unsqueeze = Onnx_NodeProto()
    unsqueeze.opType = "Unsqueeze"
    unsqueeze.input = [value, constant(Array(axes), for: node, "axes")]
    let output = name("\(value)_unsqueezed")
    unsqueeze.output = [output]
    emit(unsqueeze)
    return output
  }

  // MARK: - Layers that training changed

  private mutating func raiseNormalization(_ node: Onnx_NodeProto) throws {
    guard from >= 7 || node.integer("is_test", default: 0) == 1, node.output.filter({ !$0.isEmpty }).count == 1 else {
      throw refused(node, "is in training mode")
    }
    guard node.integer("spatial", default: 1) == 1 else { throw refused(node, "normalizes each position separately") }
    emit(node.without("is_test", "spatial", "consumed_inputs"))
  }

  private mutating func raiseDropout(_ node: Onnx_NodeProto) throws {
    guard from >= 7 || node.integer("is_test", default: 0) == 1 else { throw refused(node, "is in training mode") }
    guard from >= 10 || node.output.dropFirst().allSatisfy(\.isEmpty) else {
      throw refused(node, "outputs a mask of numbers")
    }
    // Without training nothing is dropped, and the ratio means nothing.
    emit(from < 12 ? node.without("is_test", "ratio") : node)
  }

  // MARK: - Sets 10 and 11: numbers that became inputs

  private mutating func raiseSlice(_ node: Onnx_NodeProto) {
    var raised = node.without("starts", "ends", "axes")
    raised.setInput(1, constant(node.integers("starts") ?? [], for: node, "starts"))
    raised.setInput(2, constant(node.integers("ends") ?? [], for: node, "ends"))
    if let axes = node.integers("axes") { raised.setInput(3, constant(axes, for: node, "axes")) }
    emit(raised)
  }

  private mutating func raiseClip(_ node: Onnx_NodeProto) throws {
    var raised = node.without("min", "max")
    // A bound that is not there was the largest number, and is none now: infinite values alone come out differently.
    for (index, bound) in ["min", "max"].enumerated() {
      guard let value = node.attribute(bound)?.f else { continue }
      raised.setInput(index + 1, try scalar(value, like: node.input.first ?? "", for: node, bound))
    }
    emit(raised)
  }

  private mutating func raisePad(_ node: Onnx_NodeProto) throws {
    var raised = node.without("pads", "value")
    raised.setInput(1, constant(node.integers("pads") ?? [], for: node, "pads"))
    if node.word("mode", default: "constant") == "constant", let value = node.attribute("value")?.f {
      raised.setInput(2, try scalar(value, like: node.input.first ?? "", for: node, "value"))
    }
    emit(raised)
  }

  /// Upsample, and Resize of set 10, read the source at x / scale, and took the place before it.
  private mutating func raiseResize(_ node: Onnx_NodeProto) throws {
    guard node.opType == "Upsample" || from < 11 else { return emit(node) }
    var raised = node.without("scales", "height_scale", "width_scale")
    raised.opType = "Resize"
    raised.input = [node.input.first ?? "", "", try scales(of: node)]
    var nearest = "floor"
    if node.opType == "Resize", node.word("mode", default: "nearest") == "nearest" {
      guard let scales = node.input.last.flatMap({ values.weight($0) })?.floats() else {
        throw refused(node, "has scales that are not known")
      }
      // Where it made pictures smaller, it took the place behind.
      if scales.contains(where: { $0 < 1 }) {
        guard scales.allSatisfy({ $0 <= 1 }) else { throw refused(node, "makes one side smaller and another larger") }
        nearest = "ceil"
      }
    }
    raised = raised.without("mode")
    let mode = node.word("mode", default: "nearest")
    raised.set("mode", mode == "bilinear" ? "linear" : mode)
    raised.set("coordinate_transformation_mode", "asymmetric")
    if mode == "nearest" { raised.set("nearest_mode", nearest) }
    emit(raised)
  }

  private mutating func scales(of node: Onnx_NodeProto) throws -> String {
    if node.input.count > 1 { return node.input[1] }
    if let scales = node.attribute("scales")?.floats, !scales.isEmpty { return constant(scales, for: node, "scales") }
    guard let height = node.attribute("height_scale")?.f, let width = node.attribute("width_scale")?.f else {
      throw refused(node, "has no scales")
    }
    return constant([1, 1, height, width], for: node, "scales")
  }

  // MARK: - Set 13: along one axis

  /// Before, all dimensions from the axis on were one.
  private mutating func raiseSoftmax(_ node: Onnx_NodeProto) {
    let axis = node.integer("axis", default: 1), input = node.input.first ?? ""
    if axis == -1 || values.rank(of: input).map({ axis == $0 - 1 }) == true {
      var raised = node.without("axis")
      raised.set("axis", -1)
      return emit(raised)
    }
    func inner(_ type: String, _ inputs: [String], _ output: String) -> Onnx_NodeProto {
      var inner = Onnx_NodeProto()
      (inner.opType, inner.input, inner.output) = (type, inputs, [output])
      return inner
    }
    let shape = name("\(input)_shape"), flat = name("\(input)_flat"), result = name("\(input)_flat_result")
    emit(inner("Shape", [input], shape))
    var flatten = inner("Flatten", [input], flat)
    flatten.set("axis", axis)
    emit(flatten)
    var raised = node.without("axis")
    (raised.input, raised.output) = ([flat], [result])
    raised.set("axis", 1)
    emit(raised)
    emit(inner("Reshape", [result, shape], node.output.first ?? ""))
  }
}

extension Onnx_NodeProto {
  package func without(_ attributes: String...) -> Onnx_NodeProto {
    var node = self
    node.attribute.removeAll { attributes.contains($0.name) }
    return node
  }

  /// Inputs between that are not there stay empty.
  mutating func setInput(_ index: Int, _ name: String) {
    while input.count <= index { input.append("") }
    input[index] = name
  }
}
