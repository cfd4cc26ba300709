import EdgepipeCore

/// The constant-velocity Kalman filter of SORT (Bewley et al. 2016, arXiv:1602.00763) for one box.
///
/// The state is the centre (pixels), the area s = w h (square pixels), the aspect ratio r = w / h, and the velocities
/// of the first three; the paper's seven dimensions fall apart into three ``KalmanAxis`` and one constant. Time is
/// counted in steps of ``KalmanAxis/stepSeconds``; at one step a frame the filter is the paper's. The noise figures
/// are those of its reference implementation.
struct BoxKalmanFilter {
  private var x: KalmanAxis
  private var y: KalmanAxis
  private var area: KalmanAxis
  private var aspect: Constant

  init(_ box: Box) {
    let (w, h) = Self.sides(box)
    x = KalmanAxis(Double(box.x + w / 2), variance: 10, velocityVariance: 10_000)
    y = KalmanAxis(Double(box.y + h / 2), variance: 10, velocityVariance: 10_000)
    area = KalmanAxis(Double(w * h), variance: 10, velocityVariance: 10_000)
    aspect = Constant(value: Double(w / h), variance: 10, noise: 1, measurement: 10)
  }

  /// Moves the state `steps` (> 0, may be a fraction) on.
  mutating func predict(steps: Double) {
    // An area that would vanish stops shrinking.
    if area.value + area.velocity * steps <= 0 { area.velocity = 0 }
    x.predict(steps, noise: 1, velocityNoise: 0.01)
    y.predict(steps, noise: 1, velocityNoise: 0.01)
    area.predict(steps, noise: 1, velocityNoise: 0.0001)
    aspect.predict(steps)
  }

  /// Takes in a detected box.
  mutating func update(_ box: Box) {
    let (w, h) = Self.sides(box)
    x.update(Double(box.x + w / 2), noise: 1)
    y.update(Double(box.y + h / 2), noise: 1)
    area.update(Double(w * h), noise: 10)
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
