import EdgepipeCore
import Foundation

/// How an integer model shares out the 256 steps of each channel of each tensor.
///
/// Every channel has a scale of its own: the sums of a convolution take theirs for nothing (it goes into the factor
/// that each output is multiplied by anyway), and what an activation gives takes its own from the table. What remains
/// is who reads a tensor: a depthwise convolution has weights of its own for each channel, so full equalization is
/// free; a plain one multiplies the scales into weights that share one scale for each output, so half of the way (the
/// geometric mean of the channel's range and the tensor's) is best; an addition wants one scale for all.
struct IntegerLayout {
  /// Of every tensor of the region. Sums before an activation spend no steps below the function's floor.
  private(set) var tensors: [String: TensorScale] = [:]
  /// The mean of each channel on the calibration pictures, in real units, where it is known.
  private(set) var means: [String: [Double]] = [:]
  /// Sums that saturate at zero, which is ReLU: the activation after them has nothing left to do.
  private(set) var isRectified: Set<String> = []

  init(_ region: IntegerRegion, _ calibration: Calibration, rule: RangeRule) throws {
    let distributions = try Distribution.all(region, calibration)
    means = distributions.mapValues(\.means)
    let ranges = distributions.mapValues { $0.ranges(rule) }
    let readers = TensorReaders(region)
    let zeros = Self.zeros(region, ranges, readers)
    for step in region.steps {
      let name = step.output
      switch step.operation {
      case .concatenation:
        tensors[name] = .joined(step.inputs.compactMap { tensors[$0] })
      case .maximum, .upsample: tensors[name] = tensors[step.inputs[0]]
      case .activation where isRectified.contains(step.inputs[0]): tensors[name] = tensors[step.inputs[0]]
      case .convolution:
        switch readers.onlyActivation(of: name) {
        case .some(let (function, output)) where function == .relu:
          isRectified.insert(name)
          tensors[name] = try Self.spread(output, ranges, zero: zeros[output], readers.freedom(of: output))
        case .some(let (function, _)): tensors[name] = Self.whole(ranges[name] ?? [], floor: function.floor)
        case nil: tensors[name] = try Self.spread(name, ranges, zero: zeros[name], readers.freedom(of: name))
        }
      case .activation: tensors[name] = try Self.spread(name, ranges, zero: zeros[name], readers.freedom(of: name))
      // The operator has one scale.
      case .add: tensors[name] = try Self.spread(name, ranges, zero: zeros[name], 0)
      }
    }
  }

  /// The whole of each channel's range for itself: zeros need not be whole numbers, since only a table reads them.
  private static func whole(_ ranges: [ChannelRange], floor: Double) -> TensorScale {
    let pairs = ranges.map { range -> (Double, Double) in
      // What other pictures hold lies beyond what these do; steps that are a little larger cost less than a value cut off.
      let margin = (range.high - range.low) * 0.075
      let low = max(range.low - margin, floor)
      // A channel that is nearly constant on the calibration pictures must not saturate on all others.
      let scale = (max(range.high + margin, low + 0.1, 0.5) - low) / 255
      return (scale, -low / scale)
    }
    return TensorScale(scales: pairs.map { $0.0 }, zeros: pairs.map { $0.1 })
  }

  /// Scales between one for the tensor and one a channel, as far as the readers allow.
  private static func spread(
    _ name: String, _ ranges: [String: [ChannelRange]], zero: Double?, _ freedom: Double
  ) throws -> TensorScale {
    guard let ranges = ranges[name], !ranges.isEmpty, let zero else {
      throw PipelineError("tensor '\(name)' has no known ranges", code: .internalFault)
    }
    let needs = ranges.map { need($0, zero: zero) }
    let most = needs.max() ?? 1
    return TensorScale(
      scales: needs.map { freedom == 0 ? most : pow(most, 1 - freedom) * pow($0, freedom) }, zero: zero)
  }

  /// The smallest scale that holds a range around a zero.
  private static func need(_ range: ChannelRange, zero: Double) -> Double {
    max(range.high / (255 - zero), zero > 0 ? -range.low / zero : 0, leastStep)
  }

  /// Channels that are silent on the calibration pictures keep this.
  private static let leastStep = 0.3 / 255

  /// One zero for all tensors that lie in one memory or are joined, so that padding means zero in every channel: the
  /// one that costs the fewest steps.
  private static func zeros(
    _ region: IntegerRegion, _ ranges: [String: [ChannelRange]], _ readers: TensorReaders
  ) -> [String: Double] {
    var members: [String: [String]] = [:]
    for step in region.steps where ranges[step.output] != nil && !readers.isOnlyRead(byTables: step.output) {
      members[readers.group(of: step.output), default: []].append(step.output)
    }
    var zeros: [String: Double] = [:]
    for names in members.values {
      let all = names.flatMap { ranges[$0] ?? [] }
      var best = (cost: Double.infinity, zero: 0.0)
      let candidates = all.allSatisfy { $0.low >= -1e-9 } ? 0...0 : 1...160
      for zero in candidates {
        var cost = 0.0
        for range in all {
          // Zero itself is always among the values: it pads.
          let ideal = max((max(range.high, 0) - min(range.low, 0)) / 255, leastStep)
          let ratio = need(range, zero: Double(zero)) / ideal
          cost += ratio * ratio
        }
        if cost < best.cost { best = (cost, Double(zero)) }
      }
      for name in names { zeros[name] = best.zero }
    }
    return zeros
  }
}
