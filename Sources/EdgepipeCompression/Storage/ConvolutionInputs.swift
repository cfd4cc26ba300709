import Detectors
import EdgepipeCore
import EdgepipeONNX

/// The mean of each channel of what a float model's convolutions read, on calibration pictures: the ground on which
/// biases are corrected for weights that were changed. (Nagel and others: "Data-free quantization through weight
/// equalization and bias correction", 2019, with measured means.)
struct ConvolutionInputs {
  /// By the name of the tensor.
  let means: [String: [Double]]

  /// Means that are known.
  init(means: [String: [Double]]) { self.means = means }

  /// Runs the model over the pictures.
  ///
  /// - Parameters:
  ///   - model: the float model.
  ///   - pictures: as the pipeline's preprocessing writes them: bytes, 1 x 3 x H x W.
  ///   - format: how the model wants them shifted and scaled.
  ///   - progress: runs done and runs in all; throwing ends the work.
  /// - Throws: a ``PipelineError`` when there are no pictures, or from the engine.
  init(
    _ model: OnnxModel, pictures: [Tensor], format: InputFormat, engine: any InferenceEngine,
    progress: (Int, Int) throws -> Void
  ) throws {
    guard !pictures.isEmpty else {
      throw PipelineError(
        "there are no calibration pictures", remedy: "give a folder of pictures or a video", code: .notFound)
    }
    let inputs = Set(model.proto.graph.input.map(\.name))
    var names: [String] = []
    for node in model.proto.graph.node where node.opType == "Conv" {
      if let name = node.input.first, !names.contains(name) { names.append(name) }
    }
    let watched = names.filter { !inputs.contains($0) }
    var watching = model
    // A run must ask for something, also where the only convolution reads the picture.
    if !watched.isEmpty {
      watching.proto.graph.output = watched.map { .tensor($0, [.free(), .free(), .free(), .free()]) }
    }
    let session = try engine.makeSession(
      model: watching.serialized(), options: SessionOptions(threads: 2, modelName: model.name))
    let pool = BufferPool()
    var sums: [String: [Double]] = [:]
    for (index, picture) in pictures.enumerated() {
      let floats = picture.prepared(for: format, pool: pool)
      unsafe floats.withFloats { values in
        for name in names where inputs.contains(name) {
          // SAFETY: the picture's own values, lent for this closure.
          unsafe Self.add(UnsafeBufferPointer(values), floats.shape, to: &sums[name])
        }
      }
      try session.run(floats) { outputs in
        for (name, output) in zip(watched, outputs.outputs) {
          // SAFETY: the output is lent until this closure ends.
          unsafe Self.add(output.values, output.shape, to: &sums[name])
        }
      }
      try progress(index + 1, pictures.count)
    }
    means = sums.mapValues { $0.map { $0 / Double(pictures.count) } }
  }

  private static func add(_ values: UnsafeBufferPointer<Float>, _ shape: [Int], to sums: inout [Double]?) {
    guard shape.count == 4, shape[0] == 1, shape[2] * shape[3] > 0 else { return }
    let area = shape[2] * shape[3]
    var found = sums ?? Array(repeating: 0, count: shape[1])
    for channel in 0..<min(shape[1], found.count) {
      // SAFETY: the tensor holds channels x area values.
      for index in channel * area..<(channel + 1) * area {
        found[channel] += Double(unsafe values[index]) / Double(area)
      }
    }
    sums = found
  }

  /// Adds to the biases of convolutions what other weights take from their sums on average. Padding is taken for the
  /// mean.
  ///
  /// - Parameter restored: the new weights by the names of the old, which the model still holds.
  func correct(_ model: inout OnnxModel, restored: [String: [Float]]) {
    let stored = model.storedTensors()
    let prefix = model.unusedPrefix("corrected")
    var replaced: Set<String> = []
    for (index, node) in model.proto.graph.node.enumerated() where node.opType == "Conv" && node.input.count >= 2 {
      guard let made = restored[node.input[1]], let tensor = stored[node.input[1]], let old = tensor.allFloats(),
        tensor.dims.count == 4, let means = means[node.input[0]]
      else { continue }
      let outputs = Int(tensor.dims[0]), perOutput = Int(tensor.dims[1]), taps = Int(tensor.dims[2] * tensor.dims[3])
      let groups = max(1, node.integer("group", default: 1))
      guard outputs % groups == 0, means.count == perOutput * groups, old.count == made.count else { continue }
      var bias = [Float](repeating: 0, count: outputs)
      if node.input.count > 2, !node.input[2].isEmpty {
        guard let known = stored[node.input[2]]?.allFloats(), known.count == outputs else { continue }
        bias = known
        replaced.insert(node.input[2])
      }
      for output in 0..<outputs {
        let first = output / (outputs / groups) * perOutput
        var lost = 0.0
        for place in output * perOutput * taps..<(output + 1) * perOutput * taps {
          lost += Double(old[place] - made[place]) * means[first + place / taps % perOutput]
        }
        bias[output] += Float(lost)
      }
      let name = "\(prefix)/\(index)"
      model.proto.graph.initializer.append(.floats(name, [outputs], bias))
      model.proto.graph.node[index].input = [node.input[0], node.input[1], name]
    }
    let read = model.readCounts(), inner = model.innerReads
    model.proto.graph.initializer.removeAll {
      replaced.contains($0.name) && read[$0.name] == nil && !inner.contains($0.name)
    }
  }
}
