import EdgepipeCore
package import Stages

extension JSONLineBuffer {
  /// One `track` line with its newline: what a track was, once it has ended.
  ///
  /// - Parameter id: what a receiver removes duplicates by; nil where nobody does.
  package mutating func trackLine(_ summary: TrackSummary, id: String? = nil) {
    raw("{\"type\":\"track\",\"v\":1,")
    if let id {
      raw("\"id\":")
      string(id)
      raw(",")
    }
    raw("\"stream\":")
    string(summary.key.stream)
    raw(",\"stage\":")
    string(summary.key.stage)
    raw(",\"track\":")
    integer(summary.key.track)
    raw(",\"label\":")
    string(summary.label)
    raw(",\"first_pts_s\":")
    seconds(nanoseconds: summary.first.time.nanoseconds)
    raw(",\"last_pts_s\":")
    seconds(nanoseconds: summary.last.time.nanoseconds)
    raw(",\"first_at\":")
    timestamp(summary.first.wall)
    raw(",\"last_at\":")
    timestamp(summary.last.wall)
    raw(",\"frames\":")
    integer(summary.frames)
    raw(",\"score\":")
    decimal(summary.score, places: 4)
    raw(",\"path\":")
    path(summary.path.simplified)
    raw(",\"best\":{\"frame\":")
    integer(summary.best.frame)
    raw(",\"pts_s\":")
    seconds(nanoseconds: summary.best.time.nanoseconds)
    raw(",\"score\":")
    decimal(Double(summary.best.score), places: 4)
    raw(",\"box\":")
    box(summary.best.box)
    raw("}}\n")
  }

  /// `[[pts_s,x,y],...]`, in pixels.
  mutating func path(_ points: [TrackPath.Point]) {
    raw("[")
    for (index, point) in points.enumerated() {
      raw(index > 0 ? ",[" : "[")
      seconds(nanoseconds: point.time.nanoseconds)
      raw(",")
      decimal(Double(point.x), places: 1)
      raw(",")
      decimal(Double(point.y), places: 1)
      raw("]")
    }
    raw("]")
  }

  private mutating func box(_ box: Box) {
    raw("{\"x\":")
    decimal(Double(box.x), places: 2)
    raw(",\"y\":")
    decimal(Double(box.y), places: 2)
    raw(",\"width\":")
    decimal(Double(box.width), places: 2)
    raw(",\"height\":")
    decimal(Double(box.height), places: 2)
    raw("}")
  }
}
