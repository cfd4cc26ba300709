import Detectors

/// The first convolution as the operator `PictureConvolution` takes it: whole weights for the picture's bytes, and floats for
/// what comes of their sums.
///
/// The format's shift and scale are part of it. Rounding the weights shifts the mean of the output; the bias gives back what
/// a picture of medium grey would lose.
struct PictureWeights {
  var weights: [Int8] = []
  var scales: [Float] = []
  var bias: [Float] = []
  /// The byte outside of the picture, for each channel: what the float model takes as zero.
  var fill: [Int]

  /// Nil for kernels that the operator does not take, and where padding would not mean zero.
  init?(_ float: FloatConvolution, format: InputFormat) {
    guard float.groups == 1, float.shape[1] == 3, float.shape[2] <= 16, float.shape[3] <= 16,
      float.strides.allSatisfy({ $0 <= 4 }), format.mean.count == 3, format.scale.count == 3
    else { return nil }
    fill = format.mean.map { Int(max(0, min(255, $0.rounded()))) }
    guard !float.isPadded || zip(fill, format.mean).allSatisfy({ Float($0) == $1 }) else { return nil }
    for output in 0..<float.outputs {
      let scaled = (0..<float.depth).map { index in
        Double(float.weights[output * float.depth + index]) * Double(format.scale[index / float.taps])
      }
      guard scaled.allSatisfy(\.isFinite) else { return nil }
      let most = scaled.reduce(0) { max($0, abs($1)) }
      let scale = most > 0 ? most / 127 : 1
      var bias = Double(float.bias[output])
      for (index, weight) in scaled.enumerated() {
        let whole = (weight / scale).rounded(), mean = Double(format.mean[index / float.taps])
        weights.append(Int8(whole))
        bias -= whole * scale * mean
        bias += (weight - whole * scale) * (Self.grey - mean)
      }
      scales.append(Float(scale))
      self.bias.append(Float(bias))
    }
  }

  private static let grey = 128.0
}
