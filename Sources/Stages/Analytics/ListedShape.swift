import Pipeline

/// A zone or a line as those see it who show its state before anything has happened in it.
package struct ListedShape: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    /// Whether changes of its occupancy, and of whether it is occupied at all, are told.
    case zone(tellsCount: Bool, tellsPresence: Bool)
    case line(directions: [String])
  }

  package let name: String
  package let kind: Kind
  /// Nil: all.
  package let streams: Set<String>?

  package init(name: String, kind: Kind, streams: Set<String>?) {
    (self.name, self.kind, self.streams) = (name, kind, streams)
  }
}

/// A stage with zones or lines.
package protocol ListsShapes {
  /// As the run begins.
  var listedShapes: [ListedShape] { get }
}

extension ZonesStage: ListsShapes {
  package var listedShapes: [ListedShape] {
    initial.zones.map { zone in
      ListedShape(
        name: zone.outline.name,
        kind: .zone(
          tellsCount: initial.reported.contains("zone.occupancy"),
          tellsPresence: initial.reported.contains("zone.presence")),
        streams: zone.streams)
    }
  }
}

extension LinesStage: ListsShapes {
  package var listedShapes: [ListedShape] {
    initial.lines.map { line in
      ListedShape(
        name: line.outline.name, kind: .line(directions: [line.forward, line.backward]), streams: line.streams)
    }
  }
}
