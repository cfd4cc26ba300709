extension ModelManifest {
  /// The one input that the model is meant for; nil where the input follows the picture.
  public var ownShape: InputShape? {
    guard let shape, shape.count == 2 else { return nil }
    return .fixed(height: shape[0], width: shape[1])
  }

  /// The input where neither a picture nor a user says another: the model's own shape, or else its square. Published
  /// figures are those of squares.
  public var usualShape: InputShape { ownShape ?? .square }

  /// Of ``usualShape``, in pixels.
  public var usualSides: (height: Int, width: Int) {
    guard case .fixed(let height, let width)? = ownShape else { return (inputSize, inputSize) }
    return (height, width)
  }
}
