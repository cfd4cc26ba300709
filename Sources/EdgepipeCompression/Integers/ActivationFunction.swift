import Foundation

/// The functions that stand between convolutions and that integer models run as look-ups.
enum ActivationFunction: Equatable {
  case silu, relu
  case leakyReLU(Float)

  /// The word that the operator `QuantizedActivation` knows it by.
  var word: String {
    switch self {
    case .silu: "silu"
    case .relu: "relu"
    case .leakyReLU: "leaky_relu"
    }
  }

  func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .silu: x / (1 + exp(-x))
    case .relu: max(x, 0)
    case .leakyReLU(let alpha): x < 0 ? Double(alpha) * x : x
    }
  }

  /// Inputs below this give the same output to within a thousandth: integer steps need not be spent on them.
  var floor: Double {
    switch self {
    case .silu: -10
    case .relu: 0
    case .leakyReLU: -Double.infinity
    }
  }

  /// The smallest and largest output for inputs in a range.
  func range(_ input: ChannelRange) -> ChannelRange {
    let ends = [self(input.low), self(input.high)]
    // SiLU has its minimum, -0.2785, at -1.2785.
    let bottom = self == .silu && input.low < -1.2785 && input.high > -1.2785 ? self(-1.2785) : min(ends[0], ends[1])
    return ChannelRange(low: bottom, high: max(ends[0], ends[1]))
  }
}
