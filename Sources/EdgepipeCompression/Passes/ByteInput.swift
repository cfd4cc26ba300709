import Detectors
import EdgepipeONNX

/// Lets a float model take its picture as bytes: the first convolution takes in what the preprocessing would compute
/// with them, so that this writes a quarter of the memory and does no arithmetic.
public enum ByteInput {
  /// Rewrites the input, (byte - mean) * scale for each channel, into the model.
  ///
  /// Scales go into the weights of the convolutions that read the picture, means into their bias. Where a convolution
  /// pads the picture, the padded zeros stand for pixels of the mean's colour, which bytes cannot be told to be; there
  /// the mean is subtracted in a node of its own. Results differ by rounding only, for means of zero and scales of one
  /// not at all.
  ///
  /// - Parameter format: what the model wants now.
  /// - Returns: what it wants from now on; nil, and the model is as it was, when it takes bytes already or when its
  ///   picture goes elsewhere than into convolutions with stored weights (graph passes make a convolution of the
  ///   "focus" stem).
  public static func apply(to model: inout OnnxModel, format: InputFormat) -> InputFormat? {
    var stored = model.storedTensors()
    let places = model.proto.graph.input.indices.filter { stored[model.proto.graph.input[$0].name] == nil }
    guard format.element == .float32, format.mean.count == 3, format.scale.count == 3, places.count == 1,
      let place = places.first
    else { return nil }
    let input = model.proto.graph.input[place]
    let readers = model.proto.graph.node.indices.filter { model.proto.graph.node[$0].input.contains(input.name) }
    guard input.type.tensorType.elemType == OnnxElement.float, !readers.isEmpty,
      !model.fixedNames().contains(input.name)
    else { return nil }
    let padsNothing = readers.allSatisfy { model.proto.graph.node[$0].padsNothing }
    let isShifted = format.mean.contains { $0 != 0 }, subtracts = isShifted && !padsNothing
    let factors = format.scale.map { Double($0) }
    let shifts = zip(factors, format.mean).map { subtracts ? 0 : -$0 * Double($1) }

    var changed = model
    for index in readers {
      let node = changed.proto.graph.node[index]
      guard node.opType == "Conv", node.input.filter({ $0 == input.name }).count == 1, node.input[0] == input.name,
        var weights = ConvolutionWeights(node, stored), weights.inputs == 3
      else { return nil }
      guard factors.contains(where: { $0 != 1 }) || shifts.contains(where: { $0 != 0 }) else { continue }
      weights.changeInputs(factors: factors, shifts: shifts)
      guard weights.write(to: &changed, node: index, &stored) else { return nil }
    }
    var cast = Onnx_NodeProto.make("Cast", [input.name], changed.unusedName("\(input.name)_float"))
    cast.set("to", Int(OnnxElement.float))
    var added = [cast]
    if subtracts {
      let mean = changed.unusedName("\(input.name)_mean")
      changed.proto.graph.initializer.append(.floats(mean, [1, 3, 1, 1], format.mean))
      added.append(.make("Sub", [cast.output[0], mean], changed.unusedName("\(input.name)_shifted")))
    }
    let picture = added[added.count - 1].output[0]
    for index in readers { changed.proto.graph.node[index].input[0] = picture }
    changed.proto.graph.node.insert(contentsOf: added, at: 0)
    changed.proto.graph.input[place].type.tensorType.elemType = OnnxElement.uint8
    _ = DeadNodeElimination().apply(to: &changed)
    model = changed
    var bytes = format
    (bytes.element, bytes.mean, bytes.scale) = (.uint8, [0, 0, 0], [1, 1, 1])
    return bytes
  }
}
