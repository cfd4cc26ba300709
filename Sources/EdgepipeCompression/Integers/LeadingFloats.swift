/// How many of a model's first convolutions stay in floats.
///
/// The first layers are the ones that integers spoil first: they see the widest ranges (an edge gives a hundred times what a
/// flat patch gives, and both matter), and every later layer inherits their error. They are also few and narrow, and on
/// narrow layers float kernels are as fast as integer ones.
enum LeadingFloats: Sendable, Equatable {
  /// As few as give nearly the least error of the outputs on the calibration pictures.
  case automatic
  case convolutions(Int)

  /// The most that ``automatic`` tries.
  static let most = 12
  /// Outputs of the widest convolution that ``automatic`` leaves in floats: wider ones are where integers gain time.
  static let mostOutputs = 64
  /// How much more than the least error is as good.
  static let tolerance = 1.1
}
