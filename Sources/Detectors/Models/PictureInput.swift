/// A model's input as one picture: the order of its dimensions, its element type, and its sides where the file fixes them.
package struct PictureInput: Sendable, Hashable {
  let layout: TensorLayout
  let element: TensorElement
  /// In pixels; nil where the model takes any.
  package let height: Int?
  package let width: Int?

  /// What a pipeline's `shape` may be as well.
  private static let sides = 1...8192

  /// - Throws: a ``PipelineError`` that says what the input is instead, or what contradicts the claims.
  package init(_ inputs: [TensorDescription], model: String, claims: ModelClaims = ModelClaims()) throws {
    guard inputs.count == 1 else {
      let names = inputs.map { "'\($0.name)'" }.joined(separator: ", ")
      throw claims.unusable(
        "the model '\(model)' has \(inputs.count) inputs (\(names)), but a stage supplies one picture",
        remedy: "export it with the picture as its only input")
    }
    let input = inputs[0], seen = "its input is \(input.text)"
    guard let element = input.element else {
      throw claims.unusable(
        "cannot feed the model '\(model)': \(seen), neither float32, float16 nor uint8",
        remedy: "export it with one of these as the input's type")
    }
    // Exporters may say nothing of the shape.
    let shape = input.shape.isEmpty ? [nil, nil, nil, nil] : input.shape
    guard shape.count == 4 else {
      throw claims.unusable(
        "cannot feed the model '\(model)': \(seen) with \(shape.count) dimensions; one picture, 1x3xHxW or 1xHxWx3, is expected",
        remedy: "export it with a picture as its input")
    }
    if let batch = shape[0], batch != 1 {
      throw claims.unusable(
        "the model '\(model)' takes batches of \(batch) pictures (\(seen)), but a stage supplies one picture",
        remedy: "export it with batch=1, or with a free batch (dynamic=True)")
    }
    let shown: TensorLayout?
    switch (shape[1], shape[3]) {
    case (3?, _): shown = .nchw
    case (_, 3?): shown = .nhwc
    case (nil, _), (_, nil): shown = nil
    default:
      throw claims.unusable(
        "cannot feed the model '\(model)': \(seen), but a picture has three channels: 1x3xHxW or 1xHxWx3",
        remedy: "export it for colour pictures")
    }
    if let claimed = claims.layout, let shown, claimed != shown {
      throw claims.contradiction(
        "\(claims.words) that the input of '\(model)' is \(claimed.rawValue), but \(seen): \(shown.rawValue)",
        remedy: "correct 'input.layout', or omit it")
    }
    if let claimed = claims.element, claimed != element {
      throw claims.contradiction(
        "\(claims.words) that the input of '\(model)' is \(claimed.rawValue), but \(seen)",
        remedy: "correct 'input.element', or import the file again")
    }
    layout = shown ?? claims.layout ?? .nchw
    self.element = element
    (height, width) = layout == .nchw ? (shape[2], shape[3]) : (shape[1], shape[2])
    guard Self.sides.contains(height ?? 1), Self.sides.contains(width ?? 1) else {
      throw claims.unusable(
        "cannot feed the model '\(model)': \(seen), but a picture has sides of 1 to \(Self.sides.upperBound) pixels",
        remedy: "export it with a picture of that size as its input")
    }
  }
}
