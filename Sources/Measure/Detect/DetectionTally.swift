package import EdgepipeCore
import Pipeline
import Synchronization

/// Counts what is detected, by class.
package final class DetectionTally: Sendable {
  package struct Count: Sendable, Hashable {
    package var detections = 0
    /// Frames with at least one.
    package var frames = 0
    /// Tracks; nil where nothing was tracked.
    package var objects: Int?
    package var bestScore: Float = 0
  }

  private struct State {
    var counts: [String: Count] = [:]
    /// Track ids rise in each stream, so that the highest one tells the new ones.
    var highestTrack: [String: Int] = [:]
    var frames = 0
  }

  private let state = Mutex(State())

  package init() {}

  /// By class, the most frequent first.
  package var classes: [(label: String, count: Count)] {
    state.withLock { $0.counts }.sorted {
      $0.value.detections != $1.value.detections ? $0.value.detections > $1.value.detections : $0.key < $1.key
    }.map { ($0.key, $0.value) }
  }

  package var frames: Int { state.withLock { $0.frames } }

  func add(_ frame: Frame) {
    state.withLock { state in
      state.frames += 1
      var seen: Set<String> = []
      for result in frame.results {
        let stream = "\(frame.header.stream.id) \(result.stage)"
        let known = state.highestTrack[stream] ?? 0
        for detection in result.detections where !detection.isPredicted {
          var count = state.counts.removeValue(forKey: detection.label) ?? Count()
          count.detections += 1
          count.bestScore = max(count.bestScore, detection.score)
          if seen.insert(detection.label).inserted { count.frames += 1 }
          if let track = detection.track {
            count.objects = (count.objects ?? 0) + (track > known ? 1 : 0)
            state.highestTrack[stream] = max(track, state.highestTrack[stream] ?? 0)
          }
          state.counts[detection.label] = count
        }
      }
    }
  }

  /// The classes for programs.
  package var value: ReportValue {
    .object(
      Dictionary(
        classes.map { label, count in
          var members: [String: ReportValue] = [
            "detections": .int(count.detections), "frames": .int(count.frames),
            "best_score": .rounded(Double(count.bestScore)),
          ]
          members["objects"] = count.objects.map { .int($0) }
          return (label, .object(members))
        }, uniquingKeysWith: { first, _ in first }))
  }
}

/// The end of a detection's pipeline: counts in the ``DetectionTally`` among the services.
final class TallySink: FrameStage {
  typealias Configuration = NoConfiguration

  static let type = "sink.tally"
  static let summary = "Counts detections by class."
  static let role = StageRole.sink

  private let tally: DetectionTally

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    guard let tally = context.services.find(DetectionTally.self) else {
      throw PipelineError("there is nothing to count in", code: .internalFault)
    }
    self.tally = tally
  }

  func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker(tally) }

  private final class Worker: FrameWorker {
    private let tally: DetectionTally

    init(_ tally: DetectionTally) { self.tally = tally }

    func process(_ frame: Frame) -> FrameOutcome {
      tally.add(frame)
      return .emit(frame)
    }
  }
}
