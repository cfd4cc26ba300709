/// The name, element type and shape of a model's input or output; nil marks a free dimension.
public struct TensorDescription: Sendable, Hashable {
  public var name: String
  public var element: TensorElement?
  public var shape: [Int?]

  public init(name: String, element: TensorElement?, shape: [Int?]) {
    self.name = name
    self.element = element
    self.shape = shape
  }
}

extension TensorDescription {
  /// For messages: `'images' float32 [1, 3, ?, ?]`.
  var text: String {
    let sizes = shape.map { $0.map(String.init) ?? "?" }.joined(separator: ", ")
    return "'\(name)' \(element?.rawValue ?? "of another type") [\(sizes)]"
  }
}
