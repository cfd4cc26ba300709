import Detectors
import Pipeline

extension NameWish {
  /// For labels that a person wrote, in any spelling that means the same.
  static func labels(_ kind: Kind, _ labels: [String], key: String, asker: String? = nil) -> Self {
    NameWish(kind, labels, key: key, asker: asker) { ClassName.spellings([$0]) }
  }
}

extension StageInterface {
  /// Of a stage that looks at tracks in zones or lines: all their labels and streams must be somebody's.
  ///
  /// - Parameters:
  ///   - kind: `zone` or `line`.
  ///   - labels: those of the stage.
  static func analytics(
    _ kind: String, labels: [String]?, shapes: [(name: String, labels: [String]?, streams: [String]?)]
  ) -> StageInterface {
    var interface = StageInterface()
    interface.needsTracks = true
    interface.shapes = Set(shapes.map(\.name))
    if let labels { interface.wishes.append(.labels(.trackedLabels, labels, key: "labels")) }
    for (index, shape) in shapes.enumerated() {
      let place = "\(kind)s[\(index)]", asker = "its \(kind) '\(shape.name)'"
      if let labels = shape.labels {
        interface.wishes.append(.labels(.trackedLabels, labels, key: place + ".labels", asker: asker))
      }
      if let streams = shape.streams {
        interface.wishes.append(NameWish(.streams, streams, key: place + ".streams", asker: asker))
      }
    }
    return interface
  }
}
