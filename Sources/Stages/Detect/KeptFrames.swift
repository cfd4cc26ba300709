import EdgepipeCore

/// What must not leave the machine, by what earlier stages have found on a frame.
struct KeptFrames: Sendable {
  private let labels: Set<String>
  private let zones: [(outline: Polygon, labels: Set<String>?)]

  /// - Throws: `invalidConfiguration` for the first zone that cannot be meant as it is written.
  init(_ settings: RemoteSettings?, stage: String) throws(PipelineError) {
    labels = Set(settings?.keepHere ?? [])
    var zones: [(Polygon, Set<String>?)] = []
    for (index, zone) in (settings?.keepHereZones ?? []).enumerated() {
      let outline = try ShapeOutline(
        kind: "zone", place: "remote.keepHereZones[\(index)]", stage: stage, name: zone.name, points: zone.points,
        units: .relative, count: 3...ShapeOutline.mostPoints)
      zones.append((Polygon(outline.points), zone.labels.map(Set.init)))
    }
    self.zones = zones
  }

  /// - Parameters:
  ///   - width: of the picture that the boxes are in.
  func holds(_ detections: some Sequence<Detection>, width: Int, height: Int) -> Bool {
    detections.contains { detection in
      if labels.contains(detection.label) { return true }
      guard !zones.isEmpty, width > 0, height > 0, detection.box.isFinite else { return false }
      let scale = Vertex(1 / Double(width), 1 / Double(height)), box = detection.box
      let low = Vertex(Double(box.x), Double(box.y)) * scale
      let high = Vertex(Double(box.maxX), Double(box.maxY)) * scale
      return zones.contains { zone in
        zone.labels?.contains(detection.label) ?? true && zone.outline.touches(low, high)
      }
    }
  }

  var isEmpty: Bool { labels.isEmpty && zones.isEmpty }
}
