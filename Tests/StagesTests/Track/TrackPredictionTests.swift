@testable import Stages
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// Frames that the detector did not look at, with either tracker.
@Suite struct TrackPredictionTests {
  typealias Kind = TrackFixture.Kind

  /// A thing that moves 4 pixels a frame to the right.
  private func walker(_ frame: Int, y: Float = 100) -> Detection {
    SinkFixture.detection("car", x: 100 + 4 * Float(frame), y: y, score: 0.8)
  }

  /// The number of each person where it has one, by frame.
  private func numbers(
    _ scene: TrackScene, _ kind: Kind, interval: Int, predicted: (_ frame: Int, Detection) -> Void = { _, _ in }
  ) throws -> [Int: [Int: Int]] {
    let tracker = try TrackFixture(kind)
    var numbers: [Int: [Int: Int]] = [:]
    for (index, frame) in scene.frames.enumerated() {
      let isLook = index % interval == 0
      let found = try tracker.track(index, isLook ? frame.detections : nil, seconds: frame.seconds).detections
      if isLook {
        for (detection, person) in zip(found, frame.person) where person >= 0 {
          numbers[index, default: [:]][person] = detection.track
        }
      } else {
        for detection in found { predicted(index, detection) }
      }
    }
    return numbers
  }

  @Test(arguments: Kind.allCases, 1...3)
  func `given a look every fourth frame when tracked then numbers are those of a look at every frame`(
    kind: Kind, seed: UInt64
  ) throws {
    // People in plain sight: what is looked for here is what the interval does, not what hiding does.
    var options = TrackScene.Options()
    (options.lane, options.missRate, options.fadeFrames, options.people) = (110, 0, 0, 7)
    (options.standingAlarms, options.lowAlarms, options.highAlarms) = (0, 0, 0)
    // Up to 200 pixels a second: from one look to the next everybody overlaps with where he was, as a new track must.
    options.pace = 0.12...0.25
    // Numbers are given in the order of the detections, so that both runs give the same ones.
    options.isShuffled = false
    let scene = TrackScene(seed: seed, options: options)
    var overlaps: [Float] = []
    var isHonest = true
    let each = try numbers(scene, kind, interval: 1)
    var personOf: [Int: Int] = [:]
    for (person, number) in each[scene.frames.count - 1] ?? [:] { personOf[number] = person }
    #expect(personOf.count == options.people)
    let fourth = try numbers(scene, kind, interval: 4) { frame, detection in
      isHonest = isHonest && detection.isPredicted
      guard let person = detection.track.flatMap({ personOf[$0] }) else { return overlaps.append(0) }
      overlaps.append(detection.box.iou(scene.frames[frame].truth[person]))
    }
    // Both give numbers with the third look at the latest.
    var compared = 0
    for frame in stride(from: 8, to: scene.frames.count, by: 4) {
      #expect(fourth[frame] == each[frame])
      compared += fourth[frame]?.count ?? 0
    }
    #expect(compared == options.people * ((scene.frames.count - 1) / 4 - 1))
    // Three of four frames carry everybody from the third look on.
    #expect(isHonest && overlaps.count >= options.people * (scene.frames.count - 12) * 3 / 4)
    let mean = overlaps.reduce(0, +) / Float(max(1, overlaps.count))
    #expect(mean >= 0.92 && (overlaps.min() ?? 0) >= 0.75)
    // Predictions that only held the last look's boxes, true as they were, would miss the bound.
    let held = scene.frames.indices.flatMap { index in
      zip(scene.frames[index].truth, scene.frames[index - index % 4].truth).map { $0.iou($1) }
    }
    #expect((held.min() ?? 1) < 0.7)
  }

  @Test(arguments: 1...3)
  func `given the crowded scene when looked at every second frame then predictions keep the metrics`(
    seed: UInt64
  ) throws {
    let metrics = try TrackFixture(.byteTrack).metrics(TrackScene(seed: seed), interval: 2)
    // Half as many looks: a number comes two frames later, and what hides is missed for longer.
    #expect(metrics.mota >= 0.93 && metrics.idf1 >= 0.93 && metrics.switches <= 2, "\(metrics)")
  }

  @Test(arguments: Kind.allCases)
  func `given a frame without a look when tracked then it carries the confirmed tracks, marked`(kind: Kind) throws {
    let tracker = try TrackFixture(kind)
    // Before the first look there is nothing to expect, and no claim that anybody looked.
    #expect(try tracker.track(0, nil).results.isEmpty)
    for frame in 1..<20 {
      var car = walker(frame)
      car.classIndex = 2
      car.score = 0.6 + 0.01 * Float(frame)
      _ = try tracker.track(frame, [car])
    }
    let frame = try tracker.track(20, nil)
    #expect(frame.results.map(\.stage) == ["objects"] && frame.results.map(\.revision) == [1])
    let found = try #require(frame.detections.first)
    #expect(frame.detections.count == 1 && found.isPredicted)
    #expect(found.track == 1 && found.label == "car" && found.classIndex == 2 && found.score == 0.79)
    #expect(found.box.iou(walker(20).box) > 0.95)
    // A look that sees it goes on with the number, unmarked.
    let seen = try tracker.track(21, [walker(21)]).detections
    #expect(seen.map(\.track) == [1] && seen.map(\.isPredicted) == [false])
  }

  @Test(arguments: Kind.allCases)
  func `given tracks that are not confirmed when not looked then nothing is predicted`(kind: Kind) throws {
    let tracker = try TrackFixture(kind)
    _ = try tracker.track(0, [walker(0)])
    #expect(try tracker.track(1, nil).results.isEmpty)
  }

  @Test(arguments: Kind.allCases)
  func `given a look that sees nothing when the next frames are not looked at then nothing is predicted`(
    kind: Kind
  ) throws {
    let tracker = try TrackFixture(kind)
    for frame in 0..<10 { _ = try tracker.track(frame, [walker(frame)]) }
    #expect(try tracker.track(10, []).results.map(\.detections.count) == [0])
    #expect(try tracker.track(11, nil).results.isEmpty)
    #expect(try tracker.track(12, [walker(12)]).detections.map(\.track) == [1])
  }

  @Test(arguments: Kind.allCases)
  func `given a long time without a look when looked again then numbers hold and predictions had ended`(
    kind: Kind
  ) throws {
    let tracker = try TrackFixture(kind)
    let still = SinkFixture.detection(x: 500, y: 500)
    for frame in 0..<10 { _ = try tracker.track(frame, [still]) }
    // The gap is 1 s: 30 frames after the last look at frame 9.
    for frame in 10..<130 { #expect(try tracker.track(frame, nil).detections.count == (frame <= 39 ? 1 : 0)) }
    #expect(try tracker.track(130, [still]).detections.map(\.track) == [1])
    // A camera that was away for as long comes back to new numbers.
    for frame in 131..<135 { _ = try tracker.track(frame, [still], seconds: 4 + Double(frame) / 30) }
    #expect(try tracker.track(135, [still], seconds: 4 + 135.0 / 30).detections.map(\.track) == [2])
  }

  @Test(arguments: Kind.allCases)
  func `given a thing that leaves when predicted then its box ends at the picture's edge and then goes`(
    kind: Kind
  ) throws {
    let tracker = try TrackFixture(kind)
    func leaving(_ frame: Int) -> Detection { SinkFixture.detection(x: 560 + 10 * Float(frame), y: 100, width: 60) }
    for frame in 0..<5 { _ = try tracker.track(frame, [leaving(frame)], width: 640) }
    var widths: [Float] = []
    for frame in 5..<20 {
      for detection in try tracker.track(frame, nil, width: 640).detections {
        #expect(detection.box.maxX <= 640 && detection.box.width > 0)
        widths.append(detection.box.width)
      }
    }
    #expect(widths.count >= 2 && widths.count <= 5 && widths == widths.sorted(by: >))
  }

  @Test(arguments: Kind.allCases)
  func `given stages that look at different frames when tracked then each is predicted for itself`(kind: Kind) throws {
    let tracker = try TrackFixture(kind)
    for index in 0..<30 {
      var results = [StageResults(stage: "objects", detections: [walker(index)])]
      if index % 3 == 0 {
        results.append(StageResults(stage: "plates", detections: [SinkFixture.detection("plate", x: 900, y: 700)]))
      }
      let frame = try tracker.track(SinkFixture.frame(index, results: results))
      guard index >= 9 else { continue }
      let objects = try #require(frame.results.first { $0.stage == "objects" }).detections
      let plates = try #require(frame.results.first { $0.stage == "plates" }).detections
      #expect(objects.map(\.isPredicted) == [false] && plates.map(\.isPredicted) == [index % 3 != 0])
      let numbers = Set((objects + plates).map(\.track))
      #expect(numbers == [1, 2])
    }
  }

  @Test func `given two trackers of one stage when not looked then both add what they expect`() throws {
    let people = try TrackFixture(SortStage.Configuration(labels: ["person"]))
    let cars = try TrackFixture(SortStage.Configuration(labels: ["car"]))
    let person = SinkFixture.detection(x: 800, y: 300)
    for frame in 0..<6 { _ = try cars.track(people.track(frame, [person, walker(frame)])) }
    for frame in 6..<9 {
      let found = try cars.track(people.track(frame, nil))
      #expect(found.results.map(\.revision) == [2])
      #expect(found.detections.map(\.label) == ["person", "car"] && found.detections.map(\.track) == [1, 1])
    }
    #expect(try cars.track(people.track(9, [person, walker(9)])).detections.map(\.track) == [1, 1])
  }
}
