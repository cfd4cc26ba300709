/// What a model costs, as far as its convolutions go.
package struct ModelCost: Sendable, Equatable {
  /// For one picture of the calibration's size.
  package var multiplications: Double
  /// Stored weights and biases.
  package var parameters: Int
  /// Of the parameters, those that are not zero.
  package var nonzero: Int
}
