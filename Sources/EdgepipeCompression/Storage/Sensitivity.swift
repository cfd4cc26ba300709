import EdgepipeONNX

/// What rounding one tensor of a model alone, and what is tied to it, does to the outputs.
struct TensorSensitivity: Sendable, Equatable {
  var tensor: String
  /// Squared error of the outputs over their variance, on pictures that the ranges were not found on.
  var error: Double
}

/// Which tensors a portable model had better keep in floats.
enum FloatChoice: Sendable, Equatable {
  /// None.
  case none
  /// So many of the most sensitive.
  case worst(Int)
  /// As many of the most sensitive as it takes for the outputs' squared error over variance to fall to this, 0 or more.
  /// The weights of convolutions in floats are then stored as floats too: rounding them to 8 bits alone may cost more.
  case untilError(Double)

  /// Whether large weights that floats are computed with are stored in 8 bits.
  var packsFloats: Bool { if case .untilError = self { false } else { true } }
}

/// Finds the tensors that cost a portable model most, one at a time.
struct SensitivityAnalysis {
  private let model: OnnxModel
  private let region: IntegerRegion
  private let layout: PortableLayout
  private let error: OutputError

  init(_ model: OnnxModel, _ region: IntegerRegion, _ layout: PortableLayout, error: OutputError) {
    (self.model, self.region, self.layout, self.error) = (model, region, layout, error)
  }

  /// - Parameter progress: tensors done and tensors in all; throwing ends the work.
  /// - Returns: of all tensors, the worst first.
  func ranking(progress: (Int, Int) throws -> Void) throws -> [TensorSensitivity] {
    let choices = layout.choices
    var found: [TensorSensitivity] = []
    for (index, name) in choices.enumerated() {
      let alone = try PortableModelWriter.write(model, region, layout.only(name), packsFloats: false).model
      found.append(TensorSensitivity(tensor: name, error: try error(of: alone)))
      try progress(index + 1, choices.count)
    }
    // Names decide between equals, so that the same pictures always give the same model.
    return found.sorted { ($1.error, $0.tensor) < ($0.error, $1.tensor) }
  }

  /// How many of a ranking must be floats.
  func count(_ choice: FloatChoice, of ranking: [TensorSensitivity]) throws -> Int {
    switch choice {
    case .none: return 0
    case .worst(let count): return max(0, min(count, ranking.count))
    case .untilError(let bound):
      // All of them give the float model itself.
      var low = 0, high = ranking.count
      while low < high {
        let middle = (low + high) / 2
        let left = layout.leaving(Set(ranking[..<middle].map(\.tensor)))
        let made = try PortableModelWriter.write(model, region, left, packsFloats: choice.packsFloats)
        if try error(of: made.model) <= bound { high = middle } else { low = middle + 1 }
      }
      return low
    }
  }
}
