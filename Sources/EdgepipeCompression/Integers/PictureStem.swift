import Detectors

/// The first convolution of an integer model: how the picture's bytes reach it.
///
/// Integer kernels want many channels, the picture has three. So the operator `PixelPatches` lays out patches: for an
/// even kernel with stride 2 the four pixels of a block become channels and the kernel halves; otherwise the patch is
/// the whole kernel, and the convolution a product of matrices. Both are the same sums in another order.
struct PictureStem {
  var patch: Int
  var stride: Int
  var pads: [Int]
  /// The byte outside of the picture, for each channel: what the float model takes as zero.
  var fill: [Int]
  /// What is left to do.
  var convolution: FloatConvolution
  /// What the bytes of the patches stand for.
  var scale: TensorScale

  /// Nil for kernels that are not square or that move by different steps in the two directions.
  init?(_ float: FloatConvolution, format: InputFormat) {
    let kernel = float.shape[2]
    guard float.groups == 1, float.shape[1] == 3, kernel == float.shape[3], float.strides[0] == float.strides[1],
      kernel <= 16
    else { return nil }
    let isBlocked = kernel % 2 == 0 && kernel > 2 && float.strides[0] == 2
    patch = isBlocked ? 2 : kernel
    stride = float.strides[0]
    pads = float.pads
    fill = format.mean.map { Int(max(0, min(255, $0.rounded()))) }
    let side = kernel / patch, patch = patch
    let depth = (patch * patch * 3 + 3) / 4 * 4
    var weights = [Float](repeating: 0, count: float.outputs * depth * side * side)
    for output in 0..<float.outputs {
      for channel in 0..<3 {
        for y in 0..<kernel {
          for x in 0..<kernel {
            let tap = (channel * patch + y % patch) * patch + x % patch
            let target = ((output * depth + tap) * side + y / patch) * side + x / patch
            weights[target] = float.weights[((output * 3 + channel) * kernel + y) * kernel + x]
          }
        }
      }
    }
    convolution = FloatConvolution(
      shape: [float.outputs, depth, side, side], weights: weights, bias: float.bias, groups: 1, strides: [1, 1],
      pads: [0, 0, 0, 0])
    // The bytes that fill the depth up have no weights: any scale will do.
    let channels = (0..<depth).map { min($0 / (patch * patch), 2) }
    scale = TensorScale(
      scales: channels.map { Double(format.scale[$0]) }, zeros: channels.map { Double(format.mean[$0]) })
  }
}
