import EdgepipeCore

/// Where things that have to be hidden were in a stream's last frames, and where they must have been in frames in which
/// they were not found. Plain values; frames are counted as they come.
///
/// A detector misses a face now and then. Whoever was found at some frame is hidden in `delay` frames before it and in
/// `hold` frames after it as well; between two finds, on the way from one to the other, too.
struct SubjectBook: Sendable {
  struct Rules: Sendable, Hashable {
    /// Frames after a find.
    var hold: Int
    /// Frames before a find; as many as the stage keeps back.
    var delay: Int
    /// Of the box's width and height, added on each side.
    var margin: Float
  }

  /// The number that a tracker gave.
  struct TrackKey: Sendable, Hashable {
    /// The stage that found it.
    var stage: String
    var number: Int
    /// The head of a person, not what the tracker follows itself.
    var isHead = false
  }

  struct Find: Sendable {
    var box: Box
    var track: TrackKey?
  }

  private struct Sighting {
    var frame: Int
    var box: Box
  }

  private struct Subject {
    var track: TrackKey?
    /// By frame; never empty.
    var sightings: [Sighting]

    var last: Sighting { sightings[sightings.count - 1] }
  }

  /// What is added to each side for each frame from the nearest find, as a share of the box: faces turn and come nearer.
  private static let growth: Float = 0.04
  /// The same where it was found only once: it may have moved anywhere.
  private static let growthOfUnknown: Float = 0.12
  private static let mostGrowth: Float = 0.5
  /// Boxes of single frames shake, above all at the picture's edge: those of so many frames before and after count as well.
  private static let nearFrames = 2
  /// Frames over which the motion is measured.
  private static let motionFrames = 6
  /// The way that is expected of something that is not found, at most, as a share of its size.
  private static let longestWay: Float = 2

  private let rules: Rules
  private var subjects: [Subject] = []
  private var isTaken: [Bool] = []
  /// The last frame at which detectors have looked.
  private var lastLook: Int?

  init(_ rules: Rules) { self.rules = rules }

  var count: Int { subjects.count }

  /// Notes what was found in a frame, which comes after all before.
  ///
  /// - Parameter isLookedAt: detectors have looked at it.
  mutating func add(_ finds: [Find], frame: Int, isLookedAt: Bool = true) {
    if isLookedAt { lastLook = frame }
    forget(before: frame - rules.hold - rules.delay - Self.motionFrames)
    isTaken.removeAll(keepingCapacity: true)
    for _ in subjects { isTaken.append(false) }
    for find in finds where find.track != nil {
      if let index = subjects.indices.first(where: { subjects[$0].track == find.track && !isTaken[$0] }) {
        note(find, frame, at: index)
      }
    }
    for find in finds {
      let isNoted = find.track != nil && subjects.contains { $0.track == find.track && $0.last.frame == frame }
      if isNoted { continue }
      if let index = nearest(to: find.box, frame) {
        note(find, frame, at: index)
      } else {
        subjects.append(Subject(track: find.track, sightings: [Sighting(frame: frame, box: find.box)]))
        isTaken.append(true)
      }
    }
  }

  /// The boxes to hide in a frame, appended to `boxes`. Everything up to `delay` frames later has been added.
  func boxes(at frame: Int, into boxes: inout [Box]) {
    for subject in subjects {
      let next = subject.sightings.firstIndex { $0.frame >= frame } ?? subject.sightings.count
      if next < subject.sightings.count, subject.sightings[next].frame == frame {
        boxes.append(widened(found(subject, at: next), by: 0, Self.growth))
        continue
      }
      let before = next > 0 ? subject.sightings[next - 1] : nil
      let after = next < subject.sightings.count ? subject.sightings[next] : nil
      if let before, let after {
        let share = Float(frame - before.frame) / Float(after.frame - before.frame)
        boxes.append(
          widened(
            between(before.box, after.box, share), by: min(frame - before.frame, after.frame - frame), Self.growth))
      }
      // Those at both ends may be two: each is hidden as if there were no other.
      if let before, frame - before.frame <= rules.hold {
        boxes.append(expected(from: before, motion(of: subject, before: next), at: frame))
      }
      if let after, after.frame - frame <= rules.delay {
        boxes.append(expected(from: after, motion(of: subject, after: next), at: frame))
      }
    }
  }

  /// Whether nobody has looked for so long before the frame, nor looks soon after it, that what is in it is not known.
  func isBlind(at frame: Int) -> Bool { lastLook.map { $0 < frame - rules.hold } ?? true }

  private mutating func note(_ find: Find, _ frame: Int, at index: Int) {
    isTaken[index] = true
    if let track = find.track { subjects[index].track = track }
    subjects[index].sightings.append(Sighting(frame: frame, box: find.box))
  }

  private mutating func forget(before frame: Int) {
    subjects.removeAll { $0.last.frame < frame }
    for index in subjects.indices where subjects[index].sightings[0].frame < frame {
      // One of those before stays: what comes next may lie on the way from it.
      let kept = max(0, (subjects[index].sightings.firstIndex { $0.frame >= frame } ?? 0) - 1)
      if kept > 0 { subjects[index].sightings.removeFirst(kept) }
    }
  }

  /// Of the subjects that were not found in this frame yet, the one that the box most likely shows.
  private func nearest(to box: Box, _ frame: Int) -> Int? {
    var best: (index: Int, distance: Float)?
    for index in subjects.indices where !isTaken[index] {
      let last = subjects[index].last, size = Self.size(last.box) + Self.size(box)
      guard size > 0, Self.size(last.box) < 2 * Self.size(box), Self.size(box) < 2 * Self.size(last.box) else {
        continue
      }
      let motion = motion(of: subjects[index], before: subjects[index].sightings.count) ?? Point(x: 0, y: 0)
      let there = moved(last, motion, to: frame)
      let distance = min(there.centerDistance(to: box), last.box.centerDistance(to: box)) * 2 / size
      let reach = min(1.5, 0.7 + 0.15 * Float(frame - last.frame))
      if distance <= reach, distance < best?.distance ?? .infinity { best = (index, distance) }
    }
    return best?.index
  }

  private static func size(_ box: Box) -> Float { max(box.width, box.height) }

  /// A find, with those shortly before and after it where they would be by now.
  private func found(_ subject: Subject, at index: Int) -> Box {
    let find = subject.sightings[index]
    guard let motion = motion(of: subject, before: index + 1) ?? motion(of: subject, after: index) else {
      return find.box
    }
    var box = find.box, other = index - 1
    while other >= 0, find.frame - subject.sightings[other].frame <= Self.nearFrames {
      box = box.union(moved(subject.sightings[other], motion, to: find.frame))
      other -= 1
    }
    other = index + 1
    while other < subject.sightings.count, subject.sightings[other].frame - find.frame <= Self.nearFrames {
      box = box.union(moved(subject.sightings[other], motion, to: find.frame))
      other += 1
    }
    return box
  }

  /// Pixels a frame, by the finds up to one; nil where it is the only one for a while.
  private func motion(of subject: Subject, before end: Int) -> Point? {
    guard end > 1 else { return nil }
    let last = subject.sightings[end - 1]
    let first = subject.sightings[..<(end - 1)].first { last.frame - $0.frame <= Self.motionFrames }
    return first.map { Self.motion($0, last) }
  }

  /// The same, by the finds from one on.
  private func motion(of subject: Subject, after start: Int) -> Point? {
    let first = subject.sightings[start]
    let last = subject.sightings[(start + 1)...].last { $0.frame - first.frame <= Self.motionFrames }
    return last.map { Self.motion(first, $0) }
  }

  /// Pixels a frame.
  private static func motion(_ first: Sighting, _ last: Sighting) -> Point {
    let frames = Float(max(1, last.frame - first.frame))
    return Point(
      x: (last.box.x + last.box.width / 2 - first.box.x - first.box.width / 2) / frames,
      y: (last.box.y + last.box.height / 2 - first.box.y - first.box.height / 2) / frames)
  }

  /// Around where it was found and where it would be if it moved on.
  private func expected(from find: Sighting, _ motion: Point?, at frame: Int) -> Box {
    let frames = abs(frame - find.frame)
    guard let motion else { return widened(find.box, by: frames, Self.growthOfUnknown) }
    return widened(find.box.union(moved(find, motion, to: frame)), by: frames, Self.growth)
  }

  private func moved(_ find: Sighting, _ motion: Point, to frame: Int) -> Box {
    find.box.moved(motion, frames: Float(frame - find.frame), most: Self.longestWay)
  }

  private func between(_ a: Box, _ b: Box, _ share: Float) -> Box {
    func mean(_ a: Float, _ b: Float) -> Float { a + (b - a) * share }
    return Box(
      x: mean(a.x, b.x), y: mean(a.y, b.y), width: mean(a.width, b.width), height: mean(a.height, b.height))
  }

  private func widened(_ box: Box, by frames: Int, _ growth: Float) -> Box {
    let share = rules.margin + min(Self.mostGrowth, growth * Float(frames))
    return Box(
      x: box.x - box.width * share, y: box.y - box.height * share, width: box.width * (1 + 2 * share),
      height: box.height * (1 + 2 * share))
  }
}

extension Box {
  fileprivate func centerDistance(to other: Box) -> Float {
    let x = x + width / 2 - other.x - other.width / 2, y = y + height / 2 - other.y - other.height / 2
    return (x * x + y * y).squareRoot()
  }

  /// - Parameter most: of the way, as a share of the size.
  fileprivate func moved(_ motion: Point, frames: Float, most: Float) -> Box {
    let limit = most * max(width, height)
    var box = self
    box.x += min(max(motion.x * frames, -limit), limit)
    box.y += min(max(motion.y * frames, -limit), limit)
    return box
  }

  fileprivate func union(_ other: Box) -> Box {
    let left = min(x, other.x), top = min(y, other.y)
    return Box(
      x: left, y: top, width: max(maxX, other.maxX) - left, height: max(maxY, other.maxY) - top)
  }
}
