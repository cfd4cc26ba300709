@testable import Stages
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// A tracking stage's worker, fed with detections.
struct TrackFixture {
  enum Kind: CaseIterable { case sort, byteTrack }

  private let worker: any FrameWorker

  init(_ configuration: SortStage.Configuration) throws {
    worker = try SortStage(configuration, context: SinkFixture.context("tracks"))
      .makeWorker(WorkerContext(index: 0, workerCount: 1))
  }

  init(_ configuration: ByteTrackStage.Configuration) throws {
    worker = try ByteTrackStage(configuration, context: SinkFixture.context("tracks"))
      .makeWorker(WorkerContext(index: 0, workerCount: 1))
  }

  /// Either tracker with its defaults.
  init(_ kind: Kind) throws {
    switch kind {
    case .sort: try self.init(SortStage.Configuration())
    case .byteTrack: try self.init(ByteTrackStage.Configuration())
    }
  }

  func track(_ frame: Frame) throws -> Frame {
    guard case .emit(let result) = try worker.process(frame) else {
      Issue.record("a tracker drops no frame")
      return frame
    }
    return result
  }

  /// - Parameter detections: nil for a frame that the detector does not look at.
  func track(
    _ index: Int, _ detections: [Detection]?, seconds: Double? = nil, stream: String = "camera", width: Int = 1920,
    stage: String = "objects"
  ) throws -> Frame {
    let results = detections.map { [StageResults(stage: stage, detections: $0)] } ?? []
    return try track(SinkFixture.frame(index, stream: stream, seconds: seconds, width: width, results: results))
  }

  func ids(
    _ index: Int, _ detections: [Detection], seconds: Double? = nil, stream: String = "camera", width: Int = 1920
  ) throws -> [Int?] {
    try track(index, detections, seconds: seconds, stream: stream, width: width).detections.map(\.track)
  }

  /// The metrics of this tracker on a scene.
  ///
  /// - Parameters:
  ///   - score: detections below this are kept from the tracker.
  ///   - interval: the detector looks at every n-th frame.
  func metrics(_ scene: TrackScene, score: Float = 0, interval: Int = 1) throws -> MOTMetrics {
    var metrics = MOTMetrics()
    for (index, frame) in scene.frames.enumerated() {
      let detections = index % interval == 0 ? frame.detections.filter { $0.score >= score } : nil
      let found = try track(index, detections, seconds: frame.seconds)
      metrics.add(
        truth: frame.truth.enumerated().map { ($0.offset, $0.element) },
        tracks: found.detections.compactMap { detection in detection.track.map { ($0, detection.box) } })
    }
    return metrics
  }
}
