import EdgepipeCore
import Foundation
import Logging
import Pipeline
import PipelineTestSupport
import Testing

@testable import Stages

@Suite("Differential privacy: the stage that releases")
final class ReleaseStageTests {
  private let folder: URL

  init() throws { folder = try TestData.temporaryFolder("release") }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func worker(_ change: (inout ReleaseStage.Configuration) -> Void, isReplay: Bool = false) throws -> (
    ReleaseStage, any FrameWorker
  ) {
    var configuration = ReleaseStage.Configuration()
    configuration.zones = ["door", "hall"]
    configuration.budget.path = folder.appendingPathComponent("a.budget").path
    change(&configuration)
    let stage = try ReleaseStage(
      configuration,
      context: StageContext(
        id: "release", isReplay: isReplay, clock: SystemClock(), logger: Logger(label: "test"), framesInFlight: 4,
        threads: ThreadCensus()))
    return (stage, try stage.makeWorker(WorkerContext(index: 0, workerCount: 1)))
  }

  private func frame(_ second: Double, _ events: [FrameEvent] = []) -> Frame {
    let time = MediaTime(seconds: second)
    var frame = Frame(
      header: FrameHeader(
        stream: StreamInfo(id: "s", sourceStage: "s"), sequence: Int(second * 10), mediaTime: time,
        captured: MonotonicTime(nanoseconds: time.nanoseconds), capturedWall: WallTime(nanoseconds: time.nanoseconds),
        source: "test", width: 640, height: 480), image: nil)
    for event in events { frame.add(event) }
    frame.attach(StageResults(stage: "objects", detections: []))
    return frame
  }

  private func visit(_ kind: String, _ track: Int, _ more: [FrameEvent.Field] = []) -> FrameEvent {
    FrameEvent(
      stage: "zones", kind: kind, label: "person", track: track,
      fields: [.init("zone", .string("door")), .init("found_by", .string("objects"))] + more)
  }

  private func emitted(_ outcome: FrameOutcome) throws -> Frame {
    guard case .emit(let frame) = outcome else { throw PipelineError("dropped", code: .internalFault) }
    return frame
  }

  private func value(_ key: String, _ event: FrameEvent) -> Int? {
    if case .int(let value)? = event.fields.first(where: { $0.key == key })?.value { value } else { nil }
  }

  @Test("given visits, when the period is over, then each zone is released with noise, and nothing else leaves")
  func releases() throws {
    // An epsilon at which noise is rare: what is released is then what was counted.
    let (stage, worker) = try worker {
      $0.epsilon = 100
      $0.budget.epsilon = 200
      ($0.tracksPerPerson, $0.visitsPerTrack, $0.staySPerTrack, $0.periodS) = (1, 1, 1, 60)
    }
    for track in 0..<50 {
      let quiet = try emitted(worker.process(frame(Double(track), [visit("zone.enter", track)])))
      #expect(quiet.events.isEmpty && quiet.results.isEmpty)
    }
    let leave = visit("zone.leave", 7, [.init("dwell_s", .double(50))])
    #expect(try emitted(worker.process(frame(57, [leave]))).events.isEmpty)
    let released = try emitted(worker.process(frame(60)))
    #expect(released.events.map(\.kind) == ["privacy.release", "privacy.release"])
    let door = released.events[0], hall = released.events[1]
    #expect(door.fields.first?.value == .string("door") && door.track == nil && door.label == nil)
    #expect(abs((value("visits", door) ?? 0) - 50) <= 2 && abs(value("visits", hall) ?? 9) <= 2, "\(door)")
    #expect(abs((value("person_seconds", door) ?? 0) - 50) <= 2)
    #expect(value("visits_error_95", door) == 0)
    // The second one spends the rest, and the third is refused.
    #expect(try emitted(worker.process(frame(120))).events.map(\.kind) == ["privacy.release", "privacy.release"])
    let refused = try emitted(worker.process(frame(180)))
    #expect(refused.events.map(\.kind) == ["privacy.refused"])
    #expect(stage.facts["releases"] == .int(2) && stage.facts["refused"] == .int(1))
  }

  @Test(
    "given classes, when the period is over, then what the last frame showed is released of each, by the same budget")
  func objects() throws {
    let (stage, worker) = try worker {
      ($0.what, $0.zones, $0.classes, $0.periodS) = (["objects"], [], ["person", "car"], 60)
      ($0.epsilon, $0.budget.epsilon) = (100, 150)
    }
    func found(_ second: Double, _ people: Int) -> Frame {
      var frame = frame(second)
      let person = Detection(label: "person", classIndex: 0, score: 0.9, box: Box(x: 0, y: 0, width: 9, height: 9))
      frame.attach(StageResults(stage: "faces", detections: Array(repeating: person, count: people)))
      // Of a tracker, who has them as well.
      frame.attach(StageResults(stage: "tracks", detections: Array(repeating: person, count: people)))
      return frame
    }
    for second in 0..<60 { #expect(try emitted(worker.process(found(Double(second), 9))).events.isEmpty) }
    let released = try emitted(worker.process(found(60, 40))).events
    #expect(released.map(\.label) == ["person", "car"])
    #expect(released.map(\.kind) == ["privacy.release", "privacy.release"])
    #expect(abs((value("objects", released[0]) ?? 0) - 40) <= 1 && abs(value("objects", released[1]) ?? 9) <= 1)
    #expect(value("objects_error_95", released[0]) == 0 && value("visits", released[0]) == nil)
    #expect(try emitted(worker.process(found(120, 40))).events.map(\.kind) == ["privacy.refused"])
    #expect(stage.facts["releases"] == .int(1))
  }

  @Test(
    "given a period in which no detector looked, when it is over, then what the one before showed is not told again")
  func objectsOfOnePeriod() throws {
    let (_, worker) = try worker {
      ($0.what, $0.zones, $0.classes, $0.periodS) = (["objects"], [], ["person"], 60)
      ($0.epsilon, $0.budget.epsilon, $0.strip) = (100, 200, false)
    }
    var seen = frame(0)
    let person = Detection(label: "person", classIndex: 0, score: 0.9, box: Box(x: 0, y: 0, width: 9, height: 9))
    seen.attach(StageResults(stage: "faces", detections: Array(repeating: person, count: 40)))
    _ = try emitted(worker.process(seen))
    func unseen(_ second: Double) -> Frame { Frame(header: frame(second).header, image: nil) }
    let first = try emitted(worker.process(unseen(60))).events, second = try emitted(worker.process(unseen(120))).events
    #expect(abs((first.first.flatMap { value("objects", $0) } ?? 0) - 40) <= 1)
    #expect(abs(second.first.flatMap { value("objects", $0) } ?? 40) <= 1)
  }

  @Test("given a person who causes several detections, then the noise is of that scale")
  func detectionsPerPerson() {
    func error(_ detections: Int) -> Int? {
      let noise = ReleaseNoise(
        [.objects], epsilonMillionths: 1_000_000, tracks: 7, detections: detections, bounds: VisitTally.Bounds())
      var random = SystemRandomNumberGenerator()
      guard case .int(let error)? = noise.fields(objects: 0, using: &random)?.last?.value else { return nil }
      return error
    }
    #expect(error(1) == DiscreteLaplace(sensitivity: 1, epsilonMillionths: 1_000_000).bound(0.95))
    #expect(error(5) == DiscreteLaplace(sensitivity: 5, epsilonMillionths: 1_000_000).bound(0.95))
  }

  @Test("given a replay, then nothing is released again and no budget is touched")
  func replays() throws {
    let (_, worker) = try worker({ $0.periodS = 10 }, isReplay: true)
    for second in 0..<40 { #expect(try emitted(worker.process(frame(Double(second)))).events.isEmpty) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test("given frames that are to keep what they carry, then they do")
  func keeps() throws {
    let (_, worker) = try worker { $0.strip = false }
    let kept = try emitted(worker.process(frame(0, [visit("zone.enter", 1)])))
    #expect(kept.events.count == 1 && kept.results.count == 1)
  }

  @Test("given options that cannot be meant, when the stage is made, then each is refused with its remedy")
  func refused() {
    for (words, change) in [
      ("do not rise", { $0.stayEdgesS = [10, 10] }), ("a zone twice", { $0.zones = ["a", "a"] }),
      ("more than its budget", { ($0.epsilon, $0.budget.epsilon) = (2, 1) }),
      ("no 'zones'", { $0.zones = [] }), ("names zones", { ($0.what, $0.classes) = (["objects"], ["person"]) }),
      ("'classes'", { $0.classes = ["person"] }), ("'classes'", { $0.what = ["visits", "objects"] }),
      ("'classes'", { ($0.what, $0.classes) = (["visits", "objects"], ["car", "car"]) }),
    ] as [(String, (inout ReleaseStage.Configuration) -> Void)] {
      let error = #expect(throws: PipelineError.self) { _ = try self.worker(change) }
      #expect(error?.message.contains(words) == true && error?.code == .invalidConfiguration, "\(error?.message ?? "")")
    }
  }
}
