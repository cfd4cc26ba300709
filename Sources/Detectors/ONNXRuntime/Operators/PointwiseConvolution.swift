import EdgepipeCore

/// A convolution of 1 x 1, channels last: bytes in, bytes out, with the look-up of an activation at once.
///
/// From 1 x H x W x C to 1 x H x W x N. An output byte is the sum of products of a place's bytes, plus the output's `bias`, times
/// its factor, rounded to the nearest even number from 0 to 255; then it goes through a table, as in ``QuantizedActivation``.
///
/// Inputs: bytes; weights N x C x 1 x 1, with C a multiple of four; factors, N; bias, N. All but the first are constants of the
/// model, which are read once. Attributes: those of ``QuantizedActivation``, of which `function` may be "none".
final class PointwiseConvolution: OperatorKernel {
  static let name = "PointwiseConvolution"
  static let inputs: [OperatorElement] = [.uint8, .int8, .float32, .int32]
  static let output = OperatorElement.uint8
  static let worksInPlace = false

  private let tables: ChannelTables?
  /// For the weights at this place in memory.
  private var packed: (weights: UInt, kernel: PointwiseKernel)?

  init(_ attributes: OperatorAttributes) throws {
    tables = try attributes.word("function") == "none" ? nil : .shared(attributes, of: Self.name)
  }

  func compute(_ call: OperatorCall) throws {
    let (shape, bytes) = try unsafe call.input(0)
    guard shape.count == 4, shape[0] == 1 else { throw OperatorCall.wrong(Self.name, "the shape \(shape)") }
    let depth = shape[3], places = shape[1] * shape[2]
    let kernel = try kernel(call, depth: depth), outputs = kernel.outputs
    guard tables.map({ $0.channels == 1 || $0.channels == outputs }) ?? true else {
      throw OperatorCall.wrong(Self.name, "\(tables?.channels ?? 0) tables for \(outputs) channels")
    }
    let target = try unsafe call.output([1, shape[1], shape[2], outputs]).assumingMemoryBound(to: UInt8.self)
    let source = unsafe bytes.assumingMemoryBound(to: UInt8.self)
    // So many places at a time that they are still in the nearest cache when their look-ups come.
    for first in stride(from: 0, to: places, by: Self.places) {
      let count = min(Self.places, places - first)
      // SAFETY: the source has `depth`, the target `outputs` bytes for each place.
      let chunk = unsafe target + first * outputs
      unsafe kernel.apply(source + first * depth, to: chunk, places: count)
      if let tables { unsafe tables.apply(chunk, to: chunk, count: count * outputs) }
    }
  }

  private static let places = 192

  private func kernel(_ call: OperatorCall, depth: Int) throws -> PointwiseKernel {
    let (shape, weights) = try unsafe call.input(1)
    if let packed, packed.weights == UInt(bitPattern: weights), packed.kernel.depth == depth { return packed.kernel }
    let (factorShape, factors) = try unsafe call.input(2), (biasShape, bias) = try unsafe call.input(3)
    guard shape.count == 4, shape == [shape[0], depth, 1, 1], depth % 4 == 0, depth > 0, shape[0] > 0,
      factorShape == [shape[0]], biasShape == [shape[0]]
    else { throw OperatorCall.wrong(Self.name, "weights of the shape \(shape) for \(depth) channels") }
    // SAFETY: by their shapes and declared elements.
    let made = unsafe PointwiseKernel.shared(
      depth: depth, weights: weights.elements(shape[0] * depth, as: Int8.self),
      factors: factors.elements(shape[0], as: Float.self), bias: bias.elements(shape[0], as: Int32.self))
    packed = (UInt(bitPattern: weights), made)
    return made
  }
}
