import Foundation

/// An activation function on quantized values, as one look-up a value: channels-last bytes in, the same shape out.
///
/// Channel c of the input stands for `offset[c] + scale[c] * byte`; of the output for
/// `output_scale[c] * (byte - output_zero[c])`, rounded to nearest and clamped. Because every channel has its own
/// table, its own scales cost nothing, whatever the function: this makes equalization of channels exact across
/// functions that are not linear, which is why these tables exist.
///
/// Attributes: `function` ("silu", "leaky_relu", "relu", "identity"), `alpha` (slope of leaky_relu below zero),
/// `scale`, `offset`, `output_scale`, `output_zero`: one number a channel each, or one for all.
final class QuantizedActivation: OperatorKernel {
  static let name = "QuantizedActivation"
  static let inputs: [OperatorElement] = [.uint8]
  static let output = OperatorElement.uint8
  static let worksInPlace = true

  private let tables: ChannelTables

  init(_ attributes: OperatorAttributes) throws { tables = try .shared(attributes, of: Self.name) }

  func compute(_ call: OperatorCall) throws {
    let (shape, bytes) = try unsafe call.input(0)
    let count = shape.reduce(1, *)
    guard tables.channels == 1 || shape.last == tables.channels else {
      throw OperatorCall.wrong(Self.name, "\(tables.channels) tables for the shape \(shape)")
    }
    let target = try unsafe call.output(shape)
    // SAFETY: both hold `count` bytes.
    unsafe tables.apply(
      bytes.assumingMemoryBound(to: UInt8.self), to: target.assumingMemoryBound(to: UInt8.self), count: count)
  }
}

extension ChannelTables {
  /// The tables of an activation function, by the attributes of ``QuantizedActivation``.
  ///
  /// - Parameter name: the operator's, for errors.
  static func shared(_ attributes: OperatorAttributes, of name: String) throws -> ChannelTables {
    let scale = try attributes.floats("scale"), offset = try attributes.floats("offset")
    let outputScale = try attributes.floats("output_scale"), outputZero = try attributes.floats("output_zero")
    let channels = scale.count
    guard offset.count == channels, outputScale.count == channels, outputZero.count == channels,
      outputScale.allSatisfy({ $0 > 0 })
    else { throw OperatorCall.wrong(name, "scales and offsets differ in number, or an output scale is not positive") }
    let function = try ActivationFunction(attributes)
    let key = ActivationConstants(
      function: function, scale: scale, offset: offset, outputScale: outputScale, outputZero: outputZero)
    return known.object(for: key) {
      ChannelTables(channels: channels) { channel, byte in
        let value = function(Double(offset[channel]) + Double(scale[channel]) * Double(byte))
        let scaled = (value / Double(outputScale[channel]) + Double(outputZero[channel])).rounded()
        return UInt8(min(max(scaled, 0), 255))
      }
    }
  }

  private static let known = SharedConstants<ActivationConstants, ChannelTables>()
}

/// All that the tables of an activation depend on.
private struct ActivationConstants: Hashable {
  var function: ActivationFunction
  var scale, offset, outputScale, outputZero: [Float]
}

/// The functions that the tables are made of.
enum ActivationFunction: Hashable {
  case silu, relu, identity
  case leakyReLU(Double)

  init(_ attributes: OperatorAttributes) throws {
    let word = try attributes.word("function")
    switch word {
    case "silu": self = .silu
    case "relu": self = .relu
    case "identity": self = .identity
    case "leaky_relu": self = .leakyReLU(Double(try attributes.float("alpha")))
    default: throw OperatorCall.wrong(QuantizedActivation.name, "no function '\(word)'")
    }
  }

  func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .silu: x / (1 + exp(-x))
    case .relu: max(x, 0)
    case .identity: x
    case .leakyReLU(let alpha): x < 0 ? alpha * x : x
    }
  }
}
