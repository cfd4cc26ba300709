import Pipeline

/// The distribution of a tensor's channels: what was counted before any activation, and the functions since.
struct Distribution {
  var channels: [ChannelHistogram]
  var function: ActivationFunction?

  var means: [Double] { channels.map { $0.mean { function?($0) ?? $0 } } }

  func ranges(_ rule: RangeRule) -> [ChannelRange] {
    channels.map { channel in
      let range = channel.range(rule)
      return function?.range(range) ?? range
    }
  }

  /// The distributions of all tensors of a region.
  ///
  /// - Throws: a ``PipelineError`` (`dataError`) where the calibration does not cover the region.
  static func all(_ region: IntegerRegion, _ calibration: Calibration) throws -> [String: Distribution] {
    var known: [String: Distribution] = [:]
    for step in region.steps {
      let sources = step.inputs.compactMap { known[$0] }
      switch step.operation {
      case .convolution, .add:
        guard let counted = calibration.histograms[step.output] else {
          throw PipelineError("tensor '\(step.output)' was not calibrated", exit: .software)
        }
        known[step.output] = Distribution(channels: counted)
      case .activation(let function):
        known[step.output] = sources.first.map { Distribution(channels: $0.channels, function: function) }
      case .concatenation where Set(sources.map(\.function?.word)).count == 1:
        known[step.output] = Distribution(channels: sources.flatMap(\.channels), function: sources.first?.function)
      case .concatenation: break
      case .maximum, .upsample: known[step.output] = sources.first
      }
    }
    return known
  }
}
