/// Who reads each tensor of a region, seen through operations that only move bytes.
struct TensorReaders {
  private var direct: [String: [IntegerStep]] = [:]
  private var groups: [String: String] = [:]
  private let boundary: Set<String>

  init(_ region: IntegerRegion) {
    boundary = Set(region.boundary)
    for step in region.steps {
      for input in step.inputs { direct[input, default: []].append(step) }
      guard step.movesBytes else { continue }
      for input in step.inputs { join(input, step.output) }
    }
  }

  /// Tensors with one group have their zero in common.
  func group(of name: String) -> String {
    var name = name
    while let next = groups[name] { name = next }
    return name
  }

  private mutating func join(_ a: String, _ b: String) {
    let first = group(of: a), second = group(of: b)
    if first != second { groups[first] = second }
  }

  /// The activation that alone reads a tensor.
  func onlyActivation(of name: String) -> (function: ActivationFunction, output: String)? {
    guard let readers = direct[name], readers.count == 1, let function = readers[0].activation,
      !boundary.contains(name)
    else { return nil }
    return (function, readers[0].output)
  }

  /// True when the zero of a tensor matters to nobody.
  func isOnlyRead(byTables name: String) -> Bool { onlyActivation(of: name) != nil }

  /// How far each channel may go its own way: 0 for one scale, 1 for full equalization.
  func freedom(of name: String) -> Double {
    var freedom = 1.0
    for reader in direct[name] ?? [] {
      switch reader.operation {
      case .convolution(let convolution): freedom = min(freedom, convolution.isDepthwise ? 1 : 0.5)
      case .add: freedom = 0
      case .activation: break
      case .concatenation, .maximum, .upsample: freedom = min(freedom, self.freedom(of: reader.output))
      }
    }
    return freedom
  }
}

extension IntegerStep {
  /// True for operations whose output has the bytes of their inputs.
  var movesBytes: Bool {
    switch operation {
    case .concatenation, .maximum, .upsample: true
    case .convolution, .activation, .add: false
    }
  }
}
