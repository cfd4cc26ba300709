package import Detectors
import EdgepipeCore

/// How the range of a channel's values is found on calibration pictures.
package enum FeatureRange: String, Sendable, CaseIterable {
  /// Leaves out one value in a thousand at each end.
  case percentile
  /// Loses the least squared error, for the number of bits.
  case squaredError = "squared-error"
  /// From the smallest value to the largest.
  case full

  var rule: RangeRule {
    switch self {
    case .percentile: .quantile(0.001)
    case .squaredError: .squaredError
    case .full: .minMax
    }
  }
}

/// Counts how often each channel of a cut's tensors has which values, in two passes over the same pictures: the first
/// finds the ends, the second counts between them.
package struct FeatureCalibration {
  private let names: [String]
  private var histograms: [String: [ChannelHistogram]] = [:]

  /// - Parameter names: of the tensors, in the order of the messages.
  package init(_ names: [String]) { self.names = names }

  /// First pass.
  package mutating func widen(_ tensors: [GraphTensor]) throws {
    try unsafe forEachChannel(tensors) { unsafe $0.widen($1) }
  }

  /// Second pass, over the same.
  package mutating func count(_ tensors: [GraphTensor]) throws {
    try unsafe forEachChannel(tensors) { unsafe $0.count($1) }
  }

  private mutating func forEachChannel(
    _ tensors: [GraphTensor], _ body: (inout ChannelHistogram, UnsafeBufferPointer<Float>) -> Void
  ) throws {
    for name in names {
      guard let tensor = tensors.first(where: { $0.name == name }), let values = tensor.floats,
        FeatureFormat.ranks.contains(tensor.shape.count), tensor.shape[1] > 0, !values.isEmpty
      else {
        throw PipelineError(
          "the tensor '\(Quoted.short(name))' is not float32 of 1 x channels x ...",
          remedy: "cut where features are float32", code: .unsupported)
      }
      let channels = tensor.shape[1], inner = max(1, tensor.shape.dropFirst(2).reduce(1, *))
      var counted = histograms[name] ?? Array(repeating: ChannelHistogram(), count: channels)
      histograms[name] = nil
      guard counted.count == channels else {
        throw PipelineError("'\(Quoted.short(name))' changes its channels from run to run", code: .unsupported)
      }
      // SAFETY: each piece lies inside of the array's buffer, which lives through the closure.
      unsafe values.withUnsafeBufferPointer { values in
        for start in stride(from: 0, to: values.count - inner + 1, by: inner) {
          let piece = unsafe UnsafeBufferPointer(rebasing: values[start..<start + inner])
          unsafe body(&counted[start / inner % channels], piece)
        }
      }
      histograms[name] = counted
    }
  }

  /// The table for a number of bits.
  ///
  /// - Throws: a ``PipelineError`` (`unsupported`) when a channel has values that are no numbers.
  package func table(bits: Int, range: FeatureRange) throws -> FeatureTable {
    let steps = (1 << bits) - 1
    return try FeatureTable(
      bits: bits,
      tensors: names.map { name in
        let ranges = try (histograms[name] ?? []).map { histogram in
          guard histogram.isFinite else {
            throw PipelineError(
              "the tensor '\(Quoted.short(name))' has values that are no numbers", code: .unsupported)
          }
          return histogram.low < histogram.high
            ? histogram.valueHistogram.range(range.rule, steps: steps)
            : ChannelRange(low: histogram.low.isFinite ? histogram.low : 0, high: histogram.low)
        }
        return FeatureTable.Channels(
          name: name, low: ranges.map { Float($0.low) },
          step: ranges.map { Float(max(0, $0.high - $0.low) / Double(steps)) })
      })
  }
}
