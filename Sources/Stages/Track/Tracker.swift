import EdgepipeCore

/// One detection to follow. Detections of different groups are never the same thing.
struct TrackObservation {
  var box: Box
  var score: Float
  var group: Int
}

/// Where a track is expected on a frame that its detector did not look at.
struct TrackPrediction {
  let id: Int
  /// In pixels; it may lie outside the picture.
  let box: Box
  let group: Int
  /// Of the track's last detection.
  let score: Float
}

/// Follows what one detecting stage finds in one stream, from look to look. Used by one thread.
protocol Tracker {
  associatedtype Options: Sendable

  init(options: Options)

  /// May be changed between two frames.
  var options: Options { get set }

  /// Takes what the detector found when it looked.
  ///
  /// - Parameters:
  ///   - steps: how far time has moved on since the last look, in steps of ``KalmanAxis/stepSeconds``, above 0.
  ///   - nextID: the id that the next confirmed track of the stream gets; counted on.
  ///   - ids: becomes the track id of each observation, nil where it has no confirmed track.
  mutating func update(
    _ observations: [TrackObservation], steps: Double, at time: MediaTime, nextID: inout Int, ids: inout [Int?])

  /// Appends where the confirmed tracks that the last look saw are `steps` (above 0) after it. Nothing ages by it.
  ///
  /// A track that the last look missed is left out: the detector has just said that it does not see it there.
  func predict(steps: Double, at time: MediaTime, into predictions: inout [TrackPrediction])
}
