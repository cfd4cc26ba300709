import EdgepipeCore

/// The distribution of a tensor's channels: what was counted before any activation, and the function since.
struct Distribution {
  var channels: [ChannelHistogram]
  /// One for each channel.
  var functions: [ActivationFunction?]

  var means: [Double] {
    zip(channels, functions).map { channel, function in channel.mean { function?($0) ?? $0 } }
  }

  func ranges(_ rule: RangeRule) -> [ChannelRange] {
    zip(channels, functions).map { channel, function in
      switch rule {
      case .minMax, .quantile:
        let range = channel.range(rule)
        return function?.range(range) ?? range
      // Errors count where they are made: behind the function.
      case .squaredError, .entropy:
        return ValueHistogram(
          Distribution(channels: [channel], functions: [function]), binCount: ChannelHistogram.binCount
        ).range(rule)
      }
    }
  }

  /// The distributions of all tensors of a region.
  ///
  /// - Throws: a ``PipelineError`` (`malformed`) where the calibration does not cover the region.
  static func all(_ region: IntegerRegion, _ calibration: Calibration) throws -> [String: Distribution] {
    var known: [String: Distribution] = [:]
    for step in region.steps {
      let sources = step.inputs.compactMap { known[$0] }
      guard step.inputs.contains(region.input) || sources.count == step.inputs.count else { continue }
      switch step.operation {
      case .convolution, .add:
        guard let counted = calibration.histograms[step.output] else {
          throw PipelineError("tensor '\(step.output)' was not calibrated", code: .internalFault)
        }
        known[step.output] = Distribution(channels: counted, functions: counted.map { _ in nil })
      case .activation(let function):
        known[step.output] = sources.first.map { source in
          Distribution(channels: source.channels, functions: source.channels.map { _ in function })
        }
      case .concatenation:
        known[step.output] = Distribution(
          channels: sources.flatMap(\.channels), functions: sources.flatMap(\.functions))
      case .maximum, .upsample: known[step.output] = sources.first
      }
    }
    return known
  }
}
