import Testing

/// Pipelines that look for faces and hide them, and what is expected of what comes out.
enum FaceHiding {
  /// The film, looked at by a detector and a tracker, with a zone that all enter.
  static func beginning(_ film: String, isRealTime: Bool = true) -> String {
    #"""
    { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\#(film)", "realtime": \#(isRealTime) } },
    { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
    { "id": "faces", "type": "detect.face", "after": ["scale"], "config": { "model": "centerface", "score": 0.3 } },
    { "id": "tracks", "type": "track.sort", "after": ["faces"], "config": { "labels": ["face"], "minHits": 1 } },
    { "id": "zones", "type": "analytics.zones", "after": ["tracks"], "config": { "units": "relative", "zones": [
      { "name": "all", "points": [[0, 0], [1, 0], [1, 1], [0, 1]] }] } },
    """#
  }

  static let hiding = #"{ "id": "hide", "type": "privacy.anonymize", "after": ["zones"] },"#

  static func expect(
    _ found: [String: FaceSearch.Tally], faces: Bool, in outputs: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for output in outputs {
      let tally = found[output] ?? FaceSearch.Tally()
      #expect(tally.pictures > 0, "nothing came out of \(output)", sourceLocation: sourceLocation)
      #expect(
        faces ? tally.withFaces == tally.pictures : tally.withFaces == 0,
        "\(output): faces in \(tally.withFaces) of \(tally.pictures) pictures: \(tally.files.prefix(5))",
        sourceLocation: sourceLocation)
    }
  }
}
