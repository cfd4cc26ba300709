/// What the bytes of a tensor stand for: value = scale x (byte - zero), for each channel.
struct TensorScale: Equatable {
  var scales: [Double]
  var zeros: [Double]

  init(scales: [Double], zeros: [Double]) {
    self.scales = scales
    self.zeros = zeros
  }

  /// One zero for all channels.
  init(scales: [Double], zero: Double) {
    self.init(scales: scales, zeros: Array(repeating: zero, count: scales.count))
  }

  /// Channels side by side.
  static func joined(_ parts: [TensorScale]) -> TensorScale {
    TensorScale(scales: parts.flatMap(\.scales), zeros: parts.flatMap(\.zeros))
  }

  var channels: Int { scales.count }
  var isUniform: Bool { scales.allSatisfy { $0 == scales[0] } && zeros.allSatisfy { $0 == zeros[0] } }
  /// The value that byte 0 stands for.
  var offsets: [Double] { zip(scales, zeros).map { -$0 * $1 } }
}
