import Pipeline

/// The constant-velocity Kalman filter of SORT (Bewley et al. 2016, arXiv:1602.00763) for one box.
///
/// The state is the centre (pixels), the area s = w h (square pixels), the aspect ratio r = w / h, and the velocities
/// of the first three. The paper's seven-dimensional filter starts from a diagonal covariance, and its transition,
/// process noise and measurement noise couple each quantity with its own velocity only. It is therefore exactly three
/// filters of position and velocity and one of a constant, which is what is computed here: a few numbers in place,
/// no matrices.
///
/// Time is counted in steps of ``stepSeconds``; at one step a frame the filter is the paper's. The noise figures are
/// those of its reference implementation.
struct BoxKalmanFilter {
  /// One step of prediction, in seconds of media time.
  static let stepSeconds = 1.0 / 30

  private var x: Axis
  private var y: Axis
  private var area: Axis
  private var aspect: Constant

  init(_ box: Box) {
    let (w, h) = Self.sides(box)
    x = Axis(box.x + w / 2, variance: 10, velocityVariance: 10_000, noise: 1, velocityNoise: 0.01, measurement: 1)
    y = Axis(box.y + h / 2, variance: 10, velocityVariance: 10_000, noise: 1, velocityNoise: 0.01, measurement: 1)
    area = Axis(w * h, variance: 10, velocityVariance: 10_000, noise: 1, velocityNoise: 0.0001, measurement: 10)
    aspect = Constant(value: Double(w / h), variance: 10, noise: 1, measurement: 10)
  }

  /// Moves the state `steps` (> 0, may be a fraction) on.
  mutating func predict(steps: Double) {
    // An area that would vanish stops shrinking.
    if area.value + area.velocity * steps <= 0 { area.velocity = 0 }
    x.predict(steps)
    y.predict(steps)
    area.predict(steps)
    aspect.predict(steps)
  }

  /// Takes in a detected box.
  mutating func update(_ box: Box) {
    let (w, h) = Self.sides(box)
    x.update(Double(box.x + w / 2))
    y.update(Double(box.y + h / 2))
    area.update(Double(w * h))
    aspect.update(Double(w / h))
  }

  /// The box where the state says it is, in pixels; it may lie outside the picture.
  var box: Box {
    let s = max(area.value, 1e-6), r = max(aspect.value, 1e-6)
    let w = (s * r).squareRoot()
    return Box(centerX: Float(x.value), centerY: Float(y.value), width: Float(w), height: Float(s / w))
  }

  /// Pixels a step.
  var velocity: (x: Double, y: Double) { (x.velocity, y.velocity) }

  /// Sides that can be divided by.
  private static func sides(_ box: Box) -> (Float, Float) { (max(box.width, 0.01), max(box.height, 0.01)) }

  /// A quantity and its velocity: P is the symmetric covariance [[a, b], [b, c]].
  private struct Axis {
    var value: Double
    var velocity = 0.0
    var a: Double
    var b = 0.0
    var c: Double
    let noise: Double
    let velocityNoise: Double
    let measurement: Double

    init(
      _ value: Float, variance: Double, velocityVariance: Double, noise: Double, velocityNoise: Double,
      measurement: Double
    ) {
      self.value = Double(value)
      a = variance
      c = velocityVariance
      self.noise = noise
      self.velocityNoise = velocityNoise
      self.measurement = measurement
    }

    /// x' = F x, P' = F P F^T + Q t with F = [[1, t], [0, 1]].
    mutating func predict(_ t: Double) {
      value += velocity * t
      a += t * (2 * b + t * c) + noise * t
      b += t * c
      c += velocityNoise * t
    }

    /// K = P H^T / (H P H^T + R) with H = [1, 0]; P' = (I - K H) P.
    mutating func update(_ measured: Double) {
      let gain = a / (a + measurement), velocityGain = b / (a + measurement)
      let residual = measured - value
      value += gain * residual
      velocity += velocityGain * residual
      c -= velocityGain * b
      b *= 1 - gain
      a *= 1 - gain
    }
  }

  private struct Constant {
    var value: Double
    var variance: Double
    let noise: Double
    let measurement: Double

    mutating func predict(_ t: Double) { variance += noise * t }

    mutating func update(_ measured: Double) {
      let gain = variance / (variance + measurement)
      value += gain * (measured - value)
      variance *= 1 - gain
    }
  }
}
