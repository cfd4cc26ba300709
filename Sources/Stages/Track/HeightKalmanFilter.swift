import EdgepipeCore

/// The constant-velocity Kalman filter of ByteTrack (Zhang et al. 2022, arXiv:2110.06864) for one box.
///
/// The state is the centre (pixels), the aspect ratio a = w / h, the height h (pixels), and the velocity of each: four
/// ``KalmanAxis``. The noise grows with the height, so that near and far things are followed alike; its weights are
/// those of the reference implementation, which has them from DeepSORT (Wojke et al. 2017). Time is counted in steps
/// of ``KalmanAxis/stepSeconds``; at one step a frame the filter is the reference's.
struct HeightKalmanFilter {
  private static let positionWeight = 1.0 / 20
  private static let velocityWeight = 1.0 / 160

  private var x: KalmanAxis
  private var y: KalmanAxis
  private var aspect: KalmanAxis
  private var height: KalmanAxis

  init(_ box: Box) {
    let measured = Self.measure(box)
    let position = Self.square(2 * Self.positionWeight * measured.height)
    let velocity = Self.square(10 * Self.velocityWeight * measured.height)
    x = KalmanAxis(measured.x, variance: position, velocityVariance: velocity)
    y = KalmanAxis(measured.y, variance: position, velocityVariance: velocity)
    aspect = KalmanAxis(measured.aspect, variance: 1e-4, velocityVariance: 1e-10)
    height = KalmanAxis(measured.height, variance: position, velocityVariance: velocity)
  }

  /// Moves the state `steps` (> 0, may be a fraction) on.
  mutating func predict(steps: Double) {
    // A height that would vanish stops shrinking.
    if height.value + height.velocity * steps <= 0 { height.velocity = 0 }
    let noise = Self.square(Self.positionWeight * height.value)
    let velocityNoise = Self.square(Self.velocityWeight * height.value)
    x.predict(steps, noise: noise, velocityNoise: velocityNoise)
    y.predict(steps, noise: noise, velocityNoise: velocityNoise)
    aspect.predict(steps, noise: 1e-4, velocityNoise: 1e-10)
    height.predict(steps, noise: noise, velocityNoise: velocityNoise)
  }

  /// Takes in a detected box.
  mutating func update(_ box: Box) {
    let measured = Self.measure(box)
    let noise = Self.square(Self.positionWeight * height.value)
    x.update(measured.x, noise: noise)
    y.update(measured.y, noise: noise)
    aspect.update(measured.aspect, noise: 1e-2)
    height.update(measured.height, noise: noise)
  }

  /// Keeps the height as it is: what is out of sight must not grow or shrink without limit.
  mutating func holdHeight() { height.velocity = 0 }

  /// The box where the state says it is, in pixels; it may lie outside the picture.
  var box: Box {
    let h = max(height.value, 1e-3), a = max(aspect.value, 1e-6)
    return Box(centerX: Float(x.value), centerY: Float(y.value), width: Float(a * h), height: Float(h))
  }

  /// Pixels a step.
  var velocity: (x: Double, y: Double) { (x.velocity, y.velocity) }

  private static func measure(_ box: Box) -> (x: Double, y: Double, aspect: Double, height: Double) {
    // Sides that can be divided by.
    let w = Double(max(box.width, 0.01)), h = Double(max(box.height, 0.01))
    return (Double(box.x) + w / 2, Double(box.y) + h / 2, w / h, h)
  }

  private static func square(_ value: Double) -> Double { value * value }
}
