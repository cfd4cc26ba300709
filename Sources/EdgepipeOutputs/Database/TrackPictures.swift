import EdgepipeCore
import Pipeline
import Stages

/// Decides when a track gets a better picture, and makes it: used by one thread.
///
/// At most one a frame and one a second of media time for each track, and only where the score has risen by enough, so that
/// a frame never costs more than one small encoding.
struct TrackPictures {
  /// A picture with a score higher by less is no better.
  static let rise: Float = 0.05
  static let pauseNanoseconds: Int64 = 1_000_000_000

  private struct Shown {
    let score: Float
    let time: MediaTime
  }

  private let renderer = CropRenderer()
  private var shown: [TrackSummary.Key: Shown] = [:]

  /// The frame's detection whose track gains most by a picture of it; tracks without one go first.
  mutating func due(
    _ frame: Frame, where isWanted: (_ stage: String, _ detection: Detection) -> Bool
  ) -> (key: TrackSummary.Key, detection: Detection)? {
    let header = frame.header
    var best: (key: TrackSummary.Key, detection: Detection, gain: Float)?
    for result in frame.results {
      for detection in result.detections where !detection.isPredicted && detection.score.isFinite {
        guard let track = detection.track, isWanted(result.stage, detection) else { continue }
        let key = TrackSummary.Key(stream: header.stream.id, stage: result.stage, track: track)
        let gain: Float
        if let last = shown[key] {
          let elapsed = header.mediaTime.nanoseconds &- last.time.nanoseconds
          gain = detection.score - last.score
          guard gain >= Self.rise, elapsed >= Self.pauseNanoseconds else { continue }
        } else {
          gain = 1 + detection.score
        }
        if gain > best?.gain ?? 0 { best = (key, detection, gain) }
      }
    }
    return best.map { ($0.key, $0.detection) }
  }

  /// The picture of what ``due(_:where:)`` said; nil where the frame has none that can be shown.
  mutating func render(_ key: TrackSummary.Key, _ detection: Detection, _ frame: Frame) throws(PipelineError)
    -> TrackRow.Picture?
  {
    shown[key] = Shown(score: detection.score, time: frame.header.mediaTime)
    guard let jpeg = try renderer.jpeg(of: detection.box, in: frame) else { return nil }
    return TrackRow.Picture(frame: frame.header.sequence, score: detection.score, jpeg: jpeg)
  }

  /// The track has ended.
  mutating func forget(_ key: TrackSummary.Key) { shown[key] = nil }
}
