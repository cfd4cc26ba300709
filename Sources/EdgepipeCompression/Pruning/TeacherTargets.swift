import Detectors
import EdgepipeONNX

/// What the original model's convolutions give at sampled places of calibration pictures.
struct TeacherTargets: Sendable {
  struct Sample: Sendable {
    var places: [Int]
    /// Places x channels.
    var values: [Float]
  }

  /// Of one convolution.
  struct Layer: Sendable {
    /// Columns of the output, in which places are counted.
    var width: Int
    fileprivate var samples: [Int: Sample] = [:]

    func sample(_ picture: Int) -> Sample { samples[picture] ?? Sample(places: [], values: []) }
  }

  private var layers: [String: Layer] = [:]

  subscript(_ convolution: ConvolutionNode) -> Layer? { layers[convolution.output] }

  /// - Parameter kept: which of the teacher's channels are wanted; all where nothing is said.
  init(
    _ convolutions: [ConvolutionNode], of teacher: OnnxModel, kept: [String: [Int]], inputs: CalibrationPictures,
    probe: TensorProbe, sampler: PatchSampler
  ) throws {
    let names = convolutions.map(\.output)
    let states = try probe.accumulate(names, of: teacher, inputs: inputs, initial: [String: Layer]()) {
      state, picture, outputs in
      for (name, output) in zip(names, outputs) where output.shape.count == 4 && output.shape[0] == 1 {
        let places = sampler.places(in: output.shape[2] * output.shape[3], picture: picture)
        let channels = kept[name] ?? Array(0..<output.shape[1])
        let values = PatchSampler.values(output, channels, at: places)
        state[name, default: Layer(width: output.shape[3])].samples[picture] = Sample(places: places, values: values)
      }
    }
    for state in states {
      for (name, layer) in state {
        layers[name, default: Layer(width: layer.width)].samples.merge(layer.samples) { first, _ in first }
      }
    }
  }
}
