/// A Kalman filter of one quantity and its velocity: what the trackers' box filters are made of.
///
/// The filters of SORT and of ByteTrack start from a diagonal covariance, and their transition, process noise and
/// measurement noise couple each quantity with its own velocity only. Each is therefore exactly a few of these, and
/// no matrices are needed.
struct KalmanAxis {
  /// One step of prediction, in seconds of media time: the papers' filters count frames of 30 a second.
  static let stepSeconds = 1.0 / 30

  private(set) var value: Double
  /// Of the value, a step.
  var velocity = 0.0
  // The symmetric covariance [[a, b], [b, c]].
  private var a: Double
  private var b = 0.0
  private var c: Double

  /// Standing still, with these variances.
  init(_ value: Double, variance: Double, velocityVariance: Double) {
    self.value = value
    a = variance
    c = velocityVariance
  }

  /// Moves the state `steps` on: x' = F x, P' = F P F^T + Q t with F = [[1, t], [0, 1]] and a diagonal Q.
  mutating func predict(_ steps: Double, noise: Double, velocityNoise: Double) {
    value += velocity * steps
    a += steps * (2 * b + steps * c) + noise * steps
    b += steps * c
    c += velocityNoise * steps
  }

  /// Takes in a measurement of variance `noise`: K = P H^T / (H P H^T + R) with H = [1, 0]; P' = (I - K H) P.
  mutating func update(_ measured: Double, noise: Double) {
    let gain = a / (a + noise), velocityGain = b / (a + noise)
    let residual = measured - value
    value += gain * residual
    velocity += velocityGain * residual
    c -= velocityGain * b
    b *= 1 - gain
    a *= 1 - gain
  }
}
