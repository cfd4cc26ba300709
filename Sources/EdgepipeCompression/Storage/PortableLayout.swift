/// Which tensors of a portable model are integers, and what these stand for.
///
/// ONNX Runtime keeps pooling and resizing in integers only where they give the scale that they get, and joins tensors
/// without a table only where all have the result's scale. So such tensors are tied: they have one scale, wide enough
/// for all of them.
struct PortableLayout {
  /// Of every tensor that is rounded. What is not here stays in floats.
  private(set) var scales: [String: PortableScale] = [:]
  /// The mean of each channel of each tensor on the calibration pictures.
  let means: [String: [Double]]
  /// Sums that go into ReLU alone: they are rounded after it.
  private(set) var rectified: Set<String> = []
  let isSigned: Bool
  private var groups = TensorGroups()

  /// - Parameter isSigned: int8 around zero in place of uint8.
  init(_ region: IntegerRegion, _ distributions: [String: Distribution], rule: RangeRule, isSigned: Bool) {
    means = distributions.mapValues(\.means)
    self.isSigned = isSigned
    let readers = TensorReaders(region)
    let sums = Set(region.steps.filter { $0.convolution != nil }.map(\.output))
    for step in region.steps where step.activation == .relu && !isSigned && sums.contains(step.inputs[0]) {
      // The lowest integer is zero there, so that rounding cuts off what ReLU would.
      if readers.onlyActivation(of: step.inputs[0]) != nil { rectified.insert(step.inputs[0]) }
    }
    var counts: [String: Int] = [:]
    for step in region.steps { for input in Set(step.inputs) { counts[input, default: 0] += 1 } }
    for step in region.steps where step.movesBytes {
      for input in step.inputs where counts[input] == 1 || step.inputs.count == 1 { groups.tie(input, step.output) }
    }
    var ranges: [String: ChannelRange] = [:]
    let rounded = region.steps.map(\.output).filter { !rectified.contains($0) }
    for name in rounded {
      guard let distribution = distributions[name] else { continue }
      let histogram = ValueHistogram(distribution)
      let range = isSigned ? histogram.symmetricRange(rule) : histogram.range(rule)
      let known = ranges[groups.root(of: name)] ?? range
      ranges[groups.root(of: name)] = ChannelRange(low: min(known.low, range.low), high: max(known.high, range.high))
    }
    for name in rounded {
      scales[name] = ranges[groups.root(of: name)].map { PortableScale($0, isSigned: isSigned) }
    }
  }

  /// The same with some tensors, and all that are tied to them, in floats.
  func leaving(_ floats: Set<String>) -> PortableLayout {
    let roots = Set(floats.map { groups.root(of: $0) })
    var left = self
    left.scales = scales.filter { !roots.contains(groups.root(of: $0.key)) }
    return left
  }

  /// What is rounded and what not goes by groups of tied tensors: one of each.
  var choices: [String] {
    var seen: Set<String> = []
    return scales.keys.sorted().filter { seen.insert(groups.root(of: $0)).inserted }
  }

  /// With one group of tied tensors alone rounded.
  func only(_ name: String) -> PortableLayout {
    var left = self
    left.scales = scales.filter { groups.root(of: $0.key) == groups.root(of: name) }
    return left
  }
}

/// Tensors that share one scale.
struct TensorGroups {
  private var parents: [String: String] = [:]

  /// The tensor that stands for the group.
  func root(of name: String) -> String {
    var name = name
    while let parent = parents[name] { name = parent }
    return name
  }

  mutating func tie(_ one: String, _ other: String) {
    let first = root(of: one), second = root(of: other)
    if first != second { parents[first] = second }
  }
}
