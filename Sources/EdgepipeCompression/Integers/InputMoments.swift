import Detectors
import EdgepipeONNX

/// How what a convolution reads varies together: the second moments of its inputs on the calibration pictures, by which
/// the error of its outputs can be told from the errors of its weights.
struct InputMoments {
  /// By the convolution's output: one matrix, or one a channel where each channel has weights of its own. Row-major, depth
  /// x depth, in the order of an output's weights.
  private(set) var matrices: [String: [[Double]]] = [:]

  /// Layers with more weights an output than this have no moments: the matrices would be larger than the model, and with so
  /// many weights the errors of rounding even out.
  private static let mostDepth = 640
  /// Places looked at in each picture, and again in its mirror image.
  private static let placesPerPicture = 128

  /// - Parameters:
  ///   - model: the float model, whose region is to be quantized.
  ///   - pictures: bytes, as for ``Calibration``.
  /// - Throws: a ``PipelineError`` from the engine, or what `progress` throws.
  init(
    _ model: OnnxModel, _ region: IntegerRegion, pictures: [Tensor], format: InputFormat, engine: any InferenceEngine,
    progress: (Int, Int) throws -> Void
  ) throws {
    let wanted = Set(
      (region.steps + region.lastConvolutions).filter { step in
        guard let convolution = step.convolution, step.inputs != [region.input] else { return false }
        return convolution.depth <= Self.mostDepth
      }.map(\.output))
    let convolutions = try ConvolutionNode.all(of: model).filter {
      wanted.contains($0.output) && $0.dilations == [1, 1]
    }
    let tensors = Array(Set(convolutions.map(\.input))).sorted()
    guard !tensors.isEmpty else { return }
    let sampler = PatchSampler(placesPerPicture: Self.placesPerPicture, seed: 1)
    let empty = convolutions.map { convolution in
      Array(
        repeating: RegressionMoments(
          features: convolution.isDepthwise ? convolution.kernelArea : convolution.shape[1] * convolution.kernelArea,
          targets: 0),
        count: convolution.isDepthwise ? convolution.outputs : 1)
    }
    let readers = convolutions.enumerated().map { ($0, $1, tensors.firstIndex(of: $1.input) ?? 0) }
    let pads = Dictionary(
      (region.steps + region.lastConvolutions).compactMap { step in step.convolution.map { (step.output, $0.pads) } },
      uniquingKeysWith: { a, _ in a })
    let states = try TensorProbe(engine: engine).accumulate(
      tensors, of: model, inputs: CalibrationPictures(pictures, format: format), initial: empty
    ) { state, picture, outputs in
      for (number, convolution, tensor) in readers {
        let input = outputs[tensor], pads = pads[convolution.output] ?? [0, 0, 0, 0]
        let rows = (input.shape[2] + pads[0] + pads[2] - convolution.shape[2]) / convolution.strides[0] + 1
        let columns = (input.shape[3] + pads[1] + pads[3] - convolution.shape[3]) / convolution.strides[1] + 1
        guard rows > 0, columns > 0 else { continue }
        let places = sampler.places(in: rows * columns, picture: picture)
        for index in state[number].indices {
          let channels = convolution.isDepthwise ? index..<index + 1 : 0..<convolution.shape[1]
          state[number][index].add(
            PatchSampler.patches(input, channels, of: convolution, at: places, outputWidth: columns), [])
        }
      }
    }
    guard var sums = states.first else { return }
    for other in states.dropFirst() {
      for number in sums.indices { for index in sums[number].indices { sums[number][index].add(other[number][index]) } }
    }
    for (number, convolution) in convolutions.enumerated() {
      matrices[convolution.output] = sums[number].map(Self.secondMoments)
      try progress(number + 1, convolutions.count)
    }
  }

  /// About zero, not about the mean: an error that is the same everywhere counts too, and it is what other pictures share
  /// least.
  private static func secondMoments(_ sums: RegressionMoments) -> [Double] {
    let moments = sums.centred
    var matrix = moments.covariance
    for row in 0..<moments.features {
      for column in 0..<moments.features {
        matrix[row * moments.features + column] += moments.means[row] * moments.means[column]
      }
    }
    return matrix
  }
}
