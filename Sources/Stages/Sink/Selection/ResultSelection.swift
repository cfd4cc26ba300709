import Detectors
package import EdgepipeCore
package import Pipeline

/// A kind of result that a sink may take.
package enum ResultKind: String, Codable, Sendable, CaseIterable {
  /// What rules saw in frames, and changes of options.
  case events
  /// A summary of each track, when it has ended.
  case tracks
  /// The detections of each frame.
  case frames
  /// Changes of the state of live streams.
  case health
}

/// Which results a sink takes. Sinks have these options beside their own; what is nil or off restricts nothing.
///
/// ```swift
/// var selection = ResultSelection(what: [.events])
/// static let options = [...] + ResultSelection.declared([.events, .health]).map { $0.of(\.selection) }
/// ```
package struct ResultSelection: ConfigurationObject {
  package var what: [ResultKind]
  package var classes: [String]?
  package var zones: [String]?
  package var minScore: Double?
  package var everyS: Double?
  package var onChange = false

  package init() { self.init(what: [.events]) }

  /// - Parameter what: the sink's default.
  package init(what: [ResultKind]) { self.what = what }

  package static let options = declared(ResultKind.allCases)

  /// - Parameters:
  ///   - kinds: what the sink can take.
  ///   - names: the options that it has; all when absent.
  ///   - most: how many kinds it takes at once; all when absent.
  package static func declared(
    _ kinds: [ResultKind], names: Set<String>? = nil, most: Int? = nil
  ) -> [ConfigurationOption<Self>] {
    let words = kinds.map(\.rawValue)
    let all: [ConfigurationOption<Self>] = [
      .init(
        "what", \.what, .list(.word(words), count: 1...(most ?? words.count)), "The kinds of results that are taken."),
      .init(
        "classes", \.classes, .list(.string, count: 1...1000),
        "Only detections, tracks and events with these labels; events without a label always pass. All when absent."),
      .init(
        "zones", \.zones, .list(.string, count: 1...1000),
        "Only events of the zones and lines with these names; restricts nothing but events. All when absent."),
      .init(
        "minScore", \.minScore, .number(0...1),
        "Only detections with at least this score, and tracks whose best one has it; events have no score."),
      .init(
        "everyS", \.everyS, .number(0.01...86_400),
        "Seconds of media time between frames of a stream, and between events of one kind, zone or line, and label."
      ),
      .init(
        "onChange", \.onChange, .bool,
        "Leaves out frames with the same number of each label as before, and events without a track that say the same."
      ),
    ]
    guard let names else { return all }
    return all.filter { names.contains($0.name) }
  }

  /// What the sink says of its selection to the check of the whole pipeline: labels that nobody finds and zones that
  /// nobody has are told of.
  package var wishes: [NameWish] {
    var wishes: [NameWish] = []
    if let classes { wishes.append(.labels(.foundLabels, classes, key: "classes")) }
    if let zones { wishes.append(NameWish(.shapes, zones, key: "zones")) }
    return wishes
  }

  package func takes(_ kind: ResultKind) -> Bool { what.contains(kind) }
}

/// Which detections are taken, and which tracks by their label and best score.
package struct DetectionFilter: Sendable {
  private let labels: Set<String>?
  private let minScore: Float?

  package init(_ selection: ResultSelection) {
    labels = selection.classes.map(ClassName.spellings)
    // In the precision of scores: one that is shown as 0.7 is at least 0.7.
    minScore = selection.minScore.map(Float.init)
  }

  package func includes(label: String) -> Bool { labels?.contains(label) ?? true }

  package func includes(label: String, score: Float) -> Bool {
    if let minScore, !(score >= minScore) { return false }
    return includes(label: label)
  }

  package func includes(_ detection: Detection) -> Bool { includes(label: detection.label, score: detection.score) }
}
