/// What a model costs, as far as its convolutions go.
public struct ModelCost: Sendable, Equatable {
  /// For one picture of the calibration's size.
  public var multiplications: Double
  /// Stored weights and biases.
  public var parameters: Int
  /// Of the parameters, those that are not zero.
  public var nonzero: Int
}
