import Foundation

@testable import EdgepipeCore

/// A generated street with known truth: people who cross, cover each other, fade and are missed, and false alarms.
///
/// Repeatable by its seed. Everybody is in the picture from the first frame to the last.
struct TrackScene {
  struct Options {
    var people = 10
    var frames = 450
    var fps = 30.0
    /// Chance that a thing in plain sight is missed in a frame.
    var missRate = 0.03
    /// Stretches in which each one scores low (shade, blur), in frames; two for each.
    var fadeFrames = 45
    /// Places where a low-score false alarm flickers all the time.
    var standingAlarms = 6
    /// False alarms a frame at random places: with a low score, and with a high one.
    var lowAlarms = 2.0
    var highAlarms = 0.02
    /// Noise of a detected box's edges, in pixels.
    var jitter = 1.5
    /// Pixels between the lanes of people 160 high: less means that more is covered.
    var lane: Double = 40
    /// Of walking to and fro, in radians a second: with amplitudes of 400 to 800 pixels, up to 400 pixels a second.
    var pace = 0.24...0.5
    /// Detections come in another order in each frame.
    var isShuffled = true
    /// The second half of the people are cars in all but shape.
    var hasCars = false
  }

  struct Frame {
    let seconds: Double
    /// The true box of each person, in the picture.
    let truth: [Box]
    let detections: [Detection]
    /// The person of each detection, -1 for a false alarm.
    let person: [Int]
  }

  let options: Options
  private(set) var frames: [Frame] = []

  init(seed: UInt64, options: Options = Options()) {
    self.options = options
    var random = SinkFixture.Random(seed: seed)
    let walkers = (0..<options.people).map { _ in
      (
        amplitude: Double.random(in: 400...800, using: &random), pace: Double.random(in: options.pace, using: &random),
        phase: Double.random(in: 0..<2 * .pi, using: &random), width: Double.random(in: 60...80, using: &random),
        height: Double.random(in: 150...170, using: &random),
        fades: (0..<2).map { _ in Int.random(in: 30..<max(31, options.frames), using: &random) }
      )
    }
    let standing = (0..<options.standingAlarms).map { _ in
      (x: Double.random(in: 0...1800, using: &random), y: Double.random(in: 0...100, using: &random))
    }
    for index in 0..<options.frames {
      let seconds = Double(index) / options.fps
      let truth = walkers.enumerated().map { number, walker in
        Box(
          x: Float(920 + walker.amplitude * sin(walker.pace * seconds + walker.phase)),
          y: Float(250 + options.lane * Double(number) + 8 * sin(seconds + walker.phase)), width: Float(walker.width),
          height: Float(walker.height))
      }
      var found: [(Detection, Int)] = []
      for (number, box) in truth.enumerated() {
        // Who stands further down is nearer and covers the ones behind.
        let covered = truth[(number + 1)...].map { Self.share(of: box, coveredBy: $0) }.max() ?? 0
        let isFaded = walkers[number].fades.contains { ($0..<$0 + options.fadeFrames).contains(index) }
        let clear = (isFaded ? 0.35 : 0.88) + 0.03 * random.normal()
        let score = min(1, clear - (isFaded ? 0.25 : 0.75) * Double(covered))
        let isMissed = Double.random(in: 0..<1, using: &random) < options.missRate
        guard score >= 0.1, !isMissed || score < 0.5 else { continue }
        let edges = (0..<4).map { _ in Float(options.jitter * random.normal()) }
        let label = options.hasCars && number >= options.people / 2 ? "car" : "person"
        found.append(
          (
            SinkFixture.detection(
              label, x: box.x + edges[0], y: box.y + edges[1], width: box.width + edges[2],
              height: box.height + edges[3], score: Float(score)), number
          ))
      }
      func alarm(x: Double, y: Double, scores: ClosedRange<Float>) {
        let jitter = Float(options.jitter * random.normal())
        let score = Float.random(in: scores, using: &random)
        found.append((SinkFixture.detection(x: Float(x) + jitter, y: Float(y), width: 70, score: score), -1))
      }
      for place in standing where Double.random(in: 0..<1, using: &random) < 0.9 {
        alarm(x: place.x, y: place.y, scores: 0.12...0.42)
      }
      for (rate, scores) in [(options.lowAlarms, Float(0.1)...0.45), (options.highAlarms, 0.62...0.8)] {
        let count = Int(rate) + (Double.random(in: 0..<1, using: &random) < rate - rate.rounded(.down) ? 1 : 0)
        for _ in 0..<count {
          alarm(
            x: .random(in: 0...1800, using: &random), y: .random(in: 0...900, using: &random), scores: scores)
        }
      }
      if options.isShuffled { found.shuffle(using: &random) }
      frames.append(
        Frame(seconds: seconds, truth: truth, detections: found.map(\.0), person: found.map(\.1)))
    }
  }

  private static func share(of box: Box, coveredBy other: Box) -> Float {
    let w = min(box.maxX, other.maxX) - max(box.x, other.x), h = min(box.maxY, other.maxY) - max(box.y, other.y)
    return w > 0 && h > 0 ? w * h / box.area : 0
  }
}
